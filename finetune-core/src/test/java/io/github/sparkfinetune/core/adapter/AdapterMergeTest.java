package io.github.sparkfinetune.core.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.checkpoint.FarFileSystem;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterMergeTest {
    private static final String TABLE = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";

    @TempDir
    Path temp;

    private Path base;
    private Path adapter;
    private Path output;

    @BeforeEach
    void folders() throws IOException {
        base = Files.createDirectory(temp.resolve("base"));
        adapter = Files.createDirectory(temp.resolve("adapter"));
        output = temp.resolve("merged");
    }

    private static Path golden(String folder) {
        return GoldenFiles.root().resolve(folder);
    }

    private AdapterMerge.Merged merge(Object model, Object from, Configuration hadoop, long maxShardSize) {
        RunConfig config = RunConfigLoader.parse(
                "{model: '" + model + "', task: sft, data: {train: words.jsonl}, output: {dir: run}}",
                "run.yaml",
                List.of());
        boolean classifier = from.toString().contains("bert");
        return AdapterMerge.run(
                config,
                new AdapterMerge.Task(
                        classifier ? HeadKind.SEQUENCE_CLASSIFICATION : HeadKind.CAUSAL_LM,
                        TaskSpecs.of(config).usage(),
                        merged -> Map.of()),
                from.toString(),
                output.toString(),
                hadoop,
                temp.resolve("cache"),
                maxShardSize);
    }

    private void merge(Path model, Path from) {
        merge(model.toUri(), from.toUri(), new Configuration(false), SafetensorsWriter.MAX_SHARD_SIZE);
    }

    /** Writes a golden model with other tensor names and another type; a null name leaves a tensor out. */
    private void base(String model, TensorType type, UnaryOperator<String> rename) throws IOException {
        Files.copy(golden("models/" + model).resolve(HfConfig.FILE), base.resolve(HfConfig.FILE));
        List<TensorData> tensors = new ArrayList<>();
        try (SafetensorsModel weights = SafetensorsModel.open(golden("models/" + model));
                OutputStream out = Files.newOutputStream(base.resolve(SafetensorsModel.FILE))) {
            for (String name : weights.names()) {
                String renamed = rename.apply(name);
                if (renamed != null) {
                    tensors.add(TensorData.f32(renamed, weights.info(name).shape(), floats(weights, name))
                            .as(type));
                }
            }
            SafetensorsWriter.write(out, tensors, SafetensorsWriter.PT);
        }
    }

    /** Writes a golden adapter with more tensors, and with {@code modules_to_save} in its settings. */
    private void adapter(String golden, String modulesToSave, Map<String, long[]> more) throws IOException {
        PeftAdapter read = AdapterFile.read(golden("peft/" + golden));
        String config = Files.readString(golden("peft/" + golden).resolve("adapter_config.json"));
        Files.writeString(
                adapter.resolve("adapter_config.json"),
                config.replace("\"modules_to_save\": null", "\"modules_to_save\": " + modulesToSave));
        Map<String, TensorData> tensors = new TreeMap<>(read.tensors());
        more.forEach((name, shape) -> {
            int count = (int) (shape[0] * shape[1]);
            ByteBuffer values = ByteBuffer.allocateDirect(4 * count).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < count; i++) {
                values.putFloat(4 * i, i / (float) count);
            }
            tensors.put(name, TensorData.f32(name, shape, values));
        });
        try (OutputStream out = Files.newOutputStream(adapter.resolve(AdapterFile.WEIGHTS))) {
            LoraSettings settings = LoraSettings.read(adapter);
            SafetensorsWriter.write(out, AdapterFile.entries(settings, tensors), SafetensorsWriter.PT);
        }
    }

    private static float[] floats(TensorSource weights, String name) {
        float[] values = new float[(int) weights.info(name).count()];
        weights.floats(name, 0, FloatBuffer.wrap(values));
        return values;
    }

    @Test
    void mergesRemoteFoldersIntoShards() {
        AdapterMerge.Merged merged = merge(
                FarFileSystem.path(golden("models/gpt2")),
                FarFileSystem.path(golden("peft/gpt2-lora-c_attn")),
                FarFileSystem.configuration(),
                40_000);

        assertThat(merged.linears()).isEqualTo(2);
        assertThat(output.resolve(SafetensorsModel.INDEX)).exists();
        assertThat(output.resolve("tokenizer.json"))
                .hasSameBinaryContentAs(golden("models/gpt2").resolve("tokenizer.json"));
        assertThat(output.resolve("README.md")).content().contains("words.jsonl", "| target_modules | [c_attn] |");
        try (SafetensorsModel result = SafetensorsModel.open(output);
                SafetensorsModel before = SafetensorsModel.open(golden("models/gpt2"))) {
            assertThat(result.names()).containsExactlyInAnyOrderElementsOf(before.names());
            assertThat(result.buffer("transformer.wte.weight")).isEqualTo(before.buffer("transformer.wte.weight"));
        }
    }

    @Test
    void keepsHalfPrecision() throws IOException {
        base("llama-tied", TensorType.BF16, name -> name);
        merge(base, golden("peft/lora-qv"));

        String query = "model.layers.0.self_attn.q_proj.weight";
        try (SafetensorsModel result = SafetensorsModel.open(output);
                SafetensorsModel before = SafetensorsModel.open(base);
                var expected = GoldenFiles.expected(golden("peft/lora-qv"))) {
            assertThat(result.info(query).dtype()).isEqualTo(TensorType.BF16);
            assertThat(result.buffer(TABLE)).isEqualTo(before.buffer(TABLE));
            float[] reference = GoldenFiles.floats(expected, "merged." + query);
            float[] found = floats(result, query);
            float[] old = floats(before, query);
            for (int i = 0; i < found.length; i++) {
                // Two roundings by at most 2^-8 of the value: first of W, then of the sum.
                float size = Math.max(Math.abs(reference[i]), Math.abs(old[i]));
                assertThat(Math.abs(found[i] - reference[i])).isLessThanOrEqualTo(size * 0x1p-7f + 1e-6f);
            }
        }
    }

    @Test
    void mergesABareEncoderWithPrefixedNamesAndTheTrainedHead() throws IOException {
        base("bert-seqcls", TensorType.F32, name -> name.startsWith("bert.") ? name.substring("bert.".length()) : null);
        merge(base, golden("peft/bert-lora-qv"));

        try (SafetensorsModel result = SafetensorsModel.open(output);
                SafetensorsModel before = SafetensorsModel.open(golden("models/bert-seqcls"));
                var expected = GoldenFiles.expected(golden("peft/bert-lora-qv"))) {
            assertThat(result.names()).containsExactlyInAnyOrderElementsOf(before.names());
            assertThat(floats(result, "classifier.weight"))
                    .isEqualTo(GoldenFiles.floats(expected, "merged.classifier.weight"));
        }
        assertThat(HfConfig.read(output).labels()).hasSize(3);
    }

    @Test
    void untiesTheLmHeadFromATrainedTable() throws IOException {
        adapter("lora-qv", "[\"embed_tokens\"]", Map.of(TABLE, new long[] {384, 64}));
        merge(golden("models/llama-tied"), adapter);

        try (SafetensorsModel result = SafetensorsModel.open(output);
                SafetensorsModel before = SafetensorsModel.open(golden("models/llama-tied"))) {
            assertThat(result.buffer(HEAD)).isEqualTo(before.buffer(TABLE));
            assertThat(result.buffer(TABLE)).isNotEqualTo(before.buffer(TABLE));
        }
        assertThat(HfConfig.read(output)
                        .find("tie_word_embeddings")
                        .orElseThrow()
                        .asBoolean())
                .isFalse();
    }

    @Test
    void keepsAResizedTableTied() throws IOException {
        Map<String, long[]> grown = Map.of(TABLE, new long[] {390, 64}, HEAD, new long[] {390, 64});
        adapter("lora-qv", "[\"embed_tokens\", \"lm_head\"]", grown);
        merge(golden("models/llama-tied"), adapter);

        try (SafetensorsModel result = SafetensorsModel.open(output)) {
            assertThat(result.names()).contains(TABLE).doesNotContain(HEAD);
            assertThat(result.info(TABLE).shape()).containsExactly(390, 64);
        }
        assertThat(HfConfig.read(output).vocabSize()).isEqualTo(390);
        assertThat(HfConfig.read(output)
                        .find("tie_word_embeddings")
                        .orElseThrow()
                        .asBoolean())
                .isTrue();
    }

    @Test
    void refusesAQuantisedBase() throws IOException {
        base("llama-tied", TensorType.F32, name -> name);
        String config = Files.readString(base.resolve(HfConfig.FILE));
        Files.writeString(
                base.resolve(HfConfig.FILE), config.replaceFirst("\\{", "{\"quantization_config\": {\"bits\": 4},"));
        assertRefused(base, golden("peft/lora-qv"), ExitCode.DATA, "is quantised (quantization_config in");
    }

    @Test
    void refusesAnExistingOutputAndKeepsIt() throws IOException {
        Files.createDirectory(output);
        Files.writeString(output.resolve("notes.txt"), "mine");
        assertRefused(golden("models/llama-tied"), golden("peft/lora-qv"), ExitCode.CONFIG, "--output: file:" + output);
        assertThat(output.resolve("notes.txt")).hasContent("mine");
    }

    @Test
    void refusesInconsistentFolders() throws IOException {
        assertRefused(
                golden("models/llama-tied"), golden("models/llama-tied"), ExitCode.DATA, "has no adapter_config.json");
        assertRefused(
                golden("models/gpt2"), golden("peft/dora-qv"), ExitCode.DATA, "the adapter does not fit this model");
        adapter("lora-qv", "[\"norm\"]", Map.of("model.norm.weight", new long[] {8, 8}));
        assertRefused(
                golden("models/llama-tied"),
                adapter,
                ExitCode.DATA,
                "model.norm.weight is [8, 8]; this model's is [64]");
        adapter("lora-qv", "[\"score\"]", Map.of("score.weight", new long[] {3, 64}));
        Files.copy(golden("models/gpt2").resolve(HfConfig.FILE), adapter.resolve(HfConfig.FILE));
        assertRefused(golden("models/llama-tied"), adapter, ExitCode.DATA, "it was trained on a gpt2, this is a llama");
        assertThat(output).doesNotExist();
    }

    private void assertRefused(Path model, Path from, ExitCode code, String message) {
        assertThatThrownBy(() -> merge(model, from))
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(code))
                .hasMessageContaining(message);
    }
}
