package io.github.sparkfinetune.extra.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.adapter.AdapterMerge;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.checkpoint.FarFileSystem;
import io.github.sparkfinetune.core.local.LocalRun;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.core.tensor.SmallParts;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.testing.TestMatrix;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Exported files equal those that llama.cpp's converter makes of the golden models as models with GPT-2's tokenizer.
 */
class GgufExportTest {
    private static final String FREQUENCIES = "rope_freqs.weight";

    @TempDir
    Path temp;

    private static Path golden(String path) {
        return Path.of("../finetune-core/src/test/resources/golden", path)
                .toAbsolutePath()
                .normalize();
    }

    /** Returns a file of llama.cpp's converter. */
    private static Path converted(String name) {
        return Path.of("extras/gguf/src/test/resources/golden", name + ".gguf");
    }

    private GgufExport.Exported export(Path base, Path model, GgufType type, Path output) throws IOException {
        return GgufExport.run(
                base.toUri().toString(),
                MethodConfig.lora(8, 8, null),
                model.toUri().toString(),
                "tiny",
                type,
                output.toUri().toString(),
                new Configuration(false),
                temp.resolve("cache"));
    }

    private GgufFile exported(Path model, GgufType type) throws IOException {
        Path output = temp.resolve("model.gguf");
        export(model, model, type, output);
        return GgufFile.read(output);
    }

    @ParameterizedTest
    @CsvSource({"llama-tied, Q8_0", "llama-untied, Q8_0", "gpt2, F16", "qwen2, BF16", "mistral, Q8_0"})
    void equalsTheFilesOfTheConverter(String model, GgufType type) throws IOException {
        GgufFile actual = exported(golden("models/" + model), type);
        GgufFile reference = GgufFile.read(converted(model + "-" + type));

        Map<String, Object> expected = new TreeMap<>(reference.metadata());
        expected.remove("general.size_label");
        if (model.equals("mistral")) {
            // The length is Mistral's sliding window, because llama.cpp does not compute the window.
            expected.put("llama.context_length", 7);
        }
        assertThat(actual.metadata()).containsAllEntriesOf(expected);

        assertThat(actual.tensors().keySet())
                .containsExactlyInAnyOrderElementsOf(reference.tensors().keySet());
        reference.tensors().forEach((name, tensor) -> {
            GgufFile.Tensor found = actual.tensors().get(name);
            if (!name.equals(FREQUENCIES)) {
                assertThat(found).as(name).isEqualTo(tensor);
                return;
            }
            assertThat(found.shape()).isEqualTo(tensor.shape());
            for (int i = 0; i < found.bytes().capacity(); i += 4) {
                assertThat(found.bytes().getFloat(i)).isCloseTo(tensor.bytes().getFloat(i), within(1e-5f));
            }
        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "granite | attn_norm, attn_q, ffn_norm | granite.embedding_scale=6.0, granite.attention.scale=0.2,"
                        + " granite.residual_scale=0.3, granite.logit_scale=4.0",
                "olmo2 | attn_q_norm, attn_k_norm, post_attention_norm, post_ffw_norm | olmo2.rope.freq_base=10000.0",
                "smollm3 | attn_norm, attn_q, ffn_norm | smollm3.rope.freq_base=2000000.0"
            })
    void writesTheNamesAndNumbersOfOtherFamilies(String model, String tensors, String numbers) throws IOException {
        GgufFile file = exported(golden("models/" + model), GgufType.F32);
        assertThat(file.metadata()).containsEntry("general.architecture", model);
        for (String number : numbers.split(", ", -1)) {
            String[] pair = number.split("=", -1);
            assertThat(file.metadata()).containsEntry(pair[0], Float.valueOf(pair[1]));
        }
        for (String tensor : tensors.split(", ", -1)) {
            assertThat(file.tensors()).containsKey("blk.1." + tensor + ".weight");
        }
        assertThat(file.tensors().keySet()).noneMatch(name -> name.contains("null"));
    }

    @Test
    void keepsTheLmHeadIn8Bits() throws IOException {
        GgufFile tied = exported(golden("models/llama-tied"), GgufType.Q4_0);
        assertThat(tied.metadata()).containsEntry("general.file_type", 2);
        assertThat(tied.tensors().get("token_embd.weight"))
                .isEqualTo(GgufFile.read(converted("llama-tied-Q8_0")).tensors().get("token_embd.weight"));
        assertThat(tied.tensors().get("blk.0.attn_q.weight").type()).isEqualTo(2);
        assertThat(tied.tensors().get("blk.0.attn_norm.weight").type()).isZero();

        Path other = temp.resolve("qwen2.gguf");
        export(golden("models/qwen2"), golden("models/qwen2"), GgufType.Q4_0, other);
        Map<String, GgufFile.Tensor> untied = GgufFile.read(other).tensors();
        assertThat(untied.get("output.weight").type()).isEqualTo(8);
        assertThat(untied.get("token_embd.weight").type()).isEqualTo(2);
        // Rows of 80 values are no whole number of blocks.
        assertThat(untied.get("blk.1.ffn_down.weight").type()).isEqualTo(1);
    }

    @Test
    void mergesAnAdapterBeforeExport() throws IOException {
        Path merged = temp.resolve("merged");
        RunConfig config = RunConfigLoader.parse(
                "{model: '" + golden("models/gpt2").toUri()
                        + "', task: sft, data: {train: words.jsonl}, output: {dir: run}}",
                "run.yaml",
                List.of());
        AdapterMerge.run(
                config,
                new AdapterMerge.Task(HeadKind.CAUSAL_LM, TaskSpecs.of(config).usage(), model -> Map.of()),
                golden("peft/gpt2-lora-c_attn").toUri().toString(),
                merged.toUri().toString(),
                new Configuration(false),
                temp.resolve("cache"),
                SafetensorsWriter.MAX_SHARD_SIZE);
        Path direct = temp.resolve("direct.gguf");
        GgufExport.Exported exported =
                export(golden("models/gpt2"), golden("peft/gpt2-lora-c_attn"), GgufType.Q8_0, direct);
        assertThat(exported).isEqualTo(new GgufExport.Exported(28, 39_808, Files.size(direct)));

        Path detour = temp.resolve("detour.gguf");
        export(merged, merged, GgufType.Q8_0, detour);
        assertThat(direct).hasSameBinaryContentAs(detour);
        Path untrained = temp.resolve("untrained.gguf");
        export(golden("models/gpt2"), golden("models/gpt2"), GgufType.Q8_0, untrained);
        assertThat(Files.mismatch(direct, untrained)).isNotNegative();
    }

    static Stream<Arguments> trained() {
        return TestMatrix.of(TestMatrix.product(
                List.of(
                        "method.type=full",
                        "method.type=freeze; output.dtype=bfloat16",
                        "method.type=lora; method.target_modules=all-linear",
                        "method.type=lora; method.use_dora=true; method.target_modules=all-linear",
                        "method.type=lora; method.init_lora_weights=pissa",
                        "method.type=lora; tokenizer.add_special_tokens=['<|new|>', '<|end|>']",
                        "method.type=lora; method.trainable_token_indices=[0, 20, 7, 383]",
                        "method.type=qlora; method.init_lora_weights=loftq"),
                List.of("llama-untied", "llama-tied", "gpt2"),
                List.of(120, 1000, 1 << 13)));
    }

    /** Tensors in parts of a few bytes, like tensors above 2 GB, give the bits of whole tensors. */
    @ParameterizedTest
    @MethodSource("trained")
    void writesTheSameFileInParts(String settings, String model, int partBytes) throws Exception {
        RunConfig config = RunConfigLoader.parse(
                """
                {model: '%s', task: causal-lm, data: {train: rows, max_length: 24}, output: {dir: '%s'},
                  training: {max_steps: 2, per_device_train_batch_size: 1, learning_rate: 1.0e-3}}
                """.formatted(
                        golden("models/" + model).toUri(), temp.resolve("run").toUri()),
                "run.yaml",
                List.of(settings.split("; ", -1)));
        LocalRun run = new LocalRun(config, new Configuration(), -1, 1);
        JsonNode row = JsonFiles.MAPPER.createObjectNode().put("text", "The license of this software is a text.");
        run.prepare(Map.of("train", List.of(row)));
        run.train(record -> {}, () -> false, temp.resolve("cache"));

        Path whole = temp.resolve("whole.gguf");
        ExportJob.run(config, GgufType.Q8_0, whole.toUri().toString(), new Configuration());
        Path parts = temp.resolve("parts.gguf");
        SmallParts.run(
                partBytes,
                () -> ExportJob.run(config, GgufType.Q8_0, parts.toUri().toString(), new Configuration()));
        assertThat(parts).hasSameBinaryContentAs(whole);
    }

    @Test
    void readsAndWritesOnOtherFileSystems() throws IOException {
        Path output = temp.resolve("far.gguf");
        GgufExport.run(
                "none",
                MethodConfig.lora(8, 8, null),
                FarFileSystem.path(golden("models/qwen2")).toString(),
                "tiny",
                GgufType.F16,
                new org.apache.hadoop.fs.Path("file:" + output).toString(),
                FarFileSystem.configuration(),
                temp.resolve("cache"));
        Path near = temp.resolve("near.gguf");
        export(golden("models/qwen2"), golden("models/qwen2"), GgufType.F16, near);
        assertThat(output).hasSameBinaryContentAs(near);
    }

    @Test
    void refusesToOverwriteAFile() throws IOException {
        Path output = Files.writeString(temp.resolve("model.gguf"), "mine");
        assertRefused(golden("models/gpt2"), ExitCode.CONFIG, "--output: ", "model.gguf exists; nothing was changed");
        assertThat(output).hasContent("mine");
    }

    @Test
    void refusesModelsThatLlamaCppDoesNotCompute() {
        assertRefused(golden("models/bert-seqcls"), ExitCode.DATA, "a bert cannot be written as GGUF");
        assertRefused(golden("models/llama-gelu"), ExitCode.DATA, "hidden_act gelu cannot be written as GGUF");
        assertRefused(golden("models/gemma2"), ExitCode.DATA, "a gemma2 cannot be written as GGUF: its names there");
        assertRefused(golden("models/phi3"), ExitCode.DATA, "a phi3 cannot be written as GGUF: its names there");
        assertRefused(temp.resolve("none"), ExitCode.DATA, "export: there is no model at ", "train it first");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "config.json | \"gelu_new\" | \"relu\" | activation_function relu cannot be written",
                "config.json | \"vocab_size\": 384 | \"vocab_size\": 383 | has 384 tokens, the model has 383 rows",
                "config.json | \"n_positions\": 64 | \"n_positions\": 65 | wpe.weight is [64, 32], must be [65, 32]",
                "config.json | \"n_layer\": 2 | \"n_layer\": 3 | there is no transformer.h.2.ln_1.weight",
                "tokenizer.json | \"use_regex\": true | \"use_regex\": false | llama.cpp has no known tokenizer",
                "tokenizer.json | \"trim_offsets\": false | \"type\": \"BertProcessing\" | is a 'BertProcessing'",
            })
    void refusesInconsistentModels(String file, String from, String to, String message) throws IOException {
        Path model = copy("gpt2");
        String text = Files.readString(model.resolve(file));
        assertThat(text).contains(from);
        Files.writeString(model.resolve(file), text.replace(from, to));
        assertRefused(model, ExitCode.DATA, message);
    }

    @Test
    void refusesValuesTooLargeForTheType() throws IOException {
        Path model = copy("gpt2");
        poke(model, "transformer.h.1.mlp.c_fc.weight", 1e6f);
        assertRefused(model, ExitCode.DATA, "--type: blk.1.ffn_up.weight has numbers above 65504", "use BF16 or F32");
        export(model, model, GgufType.BF16, temp.resolve("large.gguf"));

        poke(model, "transformer.h.1.mlp.c_fc.weight", Float.NaN);
        assertRefused(model, ExitCode.DATA, "blk.1.ffn_up.weight is NaN at element 0; the checkpoint is damaged");
    }

    private void assertRefused(Path model, ExitCode code, String... messages) {
        Path output = temp.resolve("model.gguf");
        boolean before = Files.exists(output);
        assertThatThrownBy(() -> export(model, model, GgufType.F16, output))
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(code))
                .hasMessageContainingAll(messages)
                .hasMessageNotContaining("\n");
        assertThat(Files.exists(output)).isEqualTo(before);
        assertThat(temp).isDirectoryNotContaining("glob:**/.model.gguf*");
    }

    private Path copy(String model) throws IOException {
        Path copy = Files.createDirectory(temp.resolve("copy"));
        try (Stream<Path> files = Files.list(golden("models/" + model))) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName().toString()));
            }
        }
        return copy;
    }

    /** Replaces the first value of a tensor. */
    private static void poke(Path model, String tensor, float value) throws IOException {
        Path file = model.resolve(SafetensorsModel.FILE);
        Path changed = model.resolve("changed");
        try (SafetensorsModel weights = SafetensorsModel.open(model);
                OutputStream out = Files.newOutputStream(changed)) {
            List<TensorData> tensors = new ArrayList<>();
            for (String name : weights.names()) {
                ByteBuffer bytes =
                        ByteBuffer.allocate((int) weights.info(name).byteSize()).order(ByteOrder.LITTLE_ENDIAN);
                bytes.put(weights.buffer(name)).flip();
                if (name.equals(tensor)) {
                    bytes.putFloat(0, value);
                }
                tensors.add(TensorData.f32(name, weights.info(name).shape(), bytes));
            }
            SafetensorsWriter.write(out, tensors, SafetensorsWriter.PT);
        }
        Files.move(changed, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }
}
