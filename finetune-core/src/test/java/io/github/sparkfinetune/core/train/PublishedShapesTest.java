package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.adapter.MergedModel;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.memory.Footprint;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Trainable;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.SparseSafetensors;
import io.github.sparkfinetune.core.safetensors.SparseSafetensors.Tensor;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.TensorParts;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Checkpoints with the shapes of published models, up to 145 GB, in sparse files. All values are zeros except the last
 * rows of the embedding table and lm_head.
 */
class PublishedShapesTest {
    private static final String TABLE = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";
    private static final float LAST = 0.375f;
    /** Values that an adapter sets in the last row of the table, and adds to the last row of lm_head; exact in BF16. */
    private static final float NEW = 0.25f;

    private static final float ADDED = 0.125f;
    private static final long FILE_BYTES = 5_000_000_000L;

    /** A published model with the number of parameters on its card. */
    private enum Shape {
        QWEN2_5_7B("qwen2", 3584, 18944, 28, 28, 4, 152064, 7_615_616_512L),
        QWEN3_8B("qwen3", 4096, 12288, 36, 32, 8, 151936, 8_190_735_360L),
        LLAMA_3_1_8B("llama", 4096, 14336, 32, 32, 8, 128256, 8_030_261_248L),
        QWEN2_5_72B("qwen2", 8192, 29568, 80, 64, 8, 152064, 72_706_203_648L);

        private static final int HEAD_DIM = 128;

        private final String family;
        private final int hidden;
        private final int wide;
        private final int layers;
        private final int heads;
        private final int keys;
        private final int vocabulary;
        private final long parameters;

        Shape(String family, int hidden, int wide, int layers, int heads, int keys, int vocabulary, long parameters) {
            this.family = family;
            this.hidden = hidden;
            this.wide = wide;
            this.layers = layers;
            this.heads = heads;
            this.keys = keys;
            this.vocabulary = vocabulary;
            this.parameters = parameters;
        }

        ObjectNode config() {
            return new ObjectMapper()
                    .createObjectNode()
                    .put("model_type", family)
                    .put("hidden_act", "silu")
                    .put("hidden_size", hidden)
                    .put("intermediate_size", wide)
                    .put("max_position_embeddings", 32768)
                    .put("num_attention_heads", heads)
                    .put("num_hidden_layers", layers)
                    .put("num_key_value_heads", keys)
                    .put("head_dim", HEAD_DIM)
                    .put("rms_norm_eps", 1e-6)
                    .put("rope_theta", 1e6)
                    .put("tie_word_embeddings", false)
                    .put("vocab_size", vocabulary);
        }

        /** Returns the shapes of the tensors in the published files, by name. */
        Map<String, long[]> tensors() {
            Map<String, long[]> tensors = new LinkedHashMap<>();
            tensors.put(TABLE, new long[] {vocabulary, hidden});
            for (int layer = 0; layer < layers; layer++) {
                String at = "model.layers." + layer + ".";
                tensors.put(at + "input_layernorm.weight", new long[] {hidden});
                tensors.put(at + "post_attention_layernorm.weight", new long[] {hidden});
                for (String name : List.of("q", "k", "v")) {
                    long outputs = (long) HEAD_DIM * (name.equals("q") ? heads : keys);
                    tensors.put(at + "self_attn." + name + "_proj.weight", new long[] {outputs, hidden});
                    if (family.equals("qwen2")) {
                        tensors.put(at + "self_attn." + name + "_proj.bias", new long[] {outputs});
                    }
                    if (family.equals("qwen3") && !name.equals("v")) {
                        tensors.put(at + "self_attn." + name + "_norm.weight", new long[] {HEAD_DIM});
                    }
                }
                tensors.put(at + "self_attn.o_proj.weight", new long[] {hidden, (long) HEAD_DIM * heads});
                tensors.put(at + "mlp.gate_proj.weight", new long[] {wide, hidden});
                tensors.put(at + "mlp.up_proj.weight", new long[] {wide, hidden});
                tensors.put(at + "mlp.down_proj.weight", new long[] {hidden, wide});
            }
            tensors.put("model.norm.weight", new long[] {hidden});
            tensors.put(HEAD, new long[] {vocabulary, hidden});
            return tensors;
        }
    }

    @TempDir
    private Path folder;

    /** Writes a checkpoint in files of at most 5 GB. */
    private Path checkpoint(Shape shape) throws IOException {
        Files.writeString(folder.resolve("config.json"), shape.config().toString());
        ObjectNode index = new ObjectMapper().createObjectNode();
        ObjectNode fileOfTensor = index.putObject("weight_map");
        Map<String, Tensor> pending = new LinkedHashMap<>();
        long size = 0;
        int files = 0;
        for (Map.Entry<String, long[]> entry : shape.tensors().entrySet()) {
            Tensor tensor = new Tensor(TensorType.BF16, entry.getValue());
            if (size + tensor.bytes() > FILE_BYTES) {
                write(folder.resolve(file(files++)), shape, pending);
                pending.clear();
                size = 0;
            }
            pending.put(entry.getKey(), tensor);
            fileOfTensor.put(entry.getKey(), file(files));
            size += tensor.bytes();
        }
        write(folder.resolve(file(files)), shape, pending);
        Files.writeString(folder.resolve("model.safetensors.index.json"), index.toString());
        return folder;
    }

    private static String file(int number) {
        return "model-" + number + ".safetensors";
    }

    private static void write(Path file, Shape shape, Map<String, Tensor> tensors) throws IOException {
        try (SparseSafetensors sparse = SparseSafetensors.create(file, tensors)) {
            for (String name : List.of(TABLE, HEAD)) {
                if (tensors.containsKey(name)) {
                    sparse.putLast(name, TensorType.BF16, LAST, shape.hidden);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Shape.class)
    void readsWeightsOfPublishedShapes(Shape shape) throws IOException {
        Path model = checkpoint(shape);
        try (SafetensorsModel source = SafetensorsModel.open(model)) {
            HfConfig config = HfConfig.read(model);
            assertThat(Footprint.of(
                                    Architectures.decoder(config),
                                    source,
                                    HeadKind.CAUSAL_LM,
                                    0,
                                    Adaptation.of(Trainable.none()))
                            .parameters()
                            .all())
                    .isEqualTo(shape.parameters);
        }
        try (TinyDecoder decoder = TinyDecoder.toTrain(model, "method.type=lora", "precision=bf16")) {
            assertLastRow(decoder, decoder.model().table().value());
            assertLastRow(decoder, decoder.model().lmHeadWeight());
        }
    }

    private static void assertLastRow(TinyDecoder decoder, NDArray matrix) {
        try (NDManager owner = decoder.manager.newSubManager()) {
            long last = matrix.getShape().get(0) - 1;
            float[] rows = decoder.model()
                    .script()
                    .callOne(owner, "lookup", matrix, owner.create(new long[] {last, last - 1, 0}))
                    .toFloatArray();
            int width = rows.length / 3;
            for (int i = 0; i < rows.length; i++) {
                assertThat(rows[i])
                        .as("number %d of row %d", i % width, i / width)
                        .isEqualTo(i < width ? LAST : 0);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Shape.class)
    void plansTheMemoryOfFullTraining(Shape shape) throws IOException {
        Path model = checkpoint(shape);
        try (SafetensorsModel source = SafetensorsModel.open(model)) {
            Footprint footprint = Footprint.of(
                    Architectures.decoder(HfConfig.read(model)),
                    source,
                    HeadKind.CAUSAL_LM,
                    0,
                    Adaptation.of(Trainable.all()));
            assertThat(footprint.weights().trained()).isEqualTo(shape.parameters * Float.BYTES);
            assertThat(footprint.parameters().trainedTable()).isEqualTo((long) shape.vocabulary * shape.hidden);
            assertThat(footprint.weights().frozen()).isZero();
        }
    }

    /** Reads only the end of the largest tensors, in the way that a writer reads them. */
    @ParameterizedTest
    @EnumSource(Shape.class)
    void mergesAnAdapterIntoPublishedShapes(Shape shape) throws IOException {
        Path model = checkpoint(shape);
        Path adapter = adapter(shape, Files.createDirectory(folder.resolve("adapter")));
        try (MergedModel merged = MergedModel.open(
                model.toUri().toString(),
                MethodConfig.lora(1, 1, null),
                HeadKind.CAUSAL_LM,
                adapter.toUri().toString(),
                new Configuration(false),
                folder.resolve("cache"))) {
            Map<String, TensorData> tensors = new LinkedHashMap<>();
            merged.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
            assertThat(tensors.keySet()).containsAll(shape.tensors().keySet());
            assertLast(tensors.get(TABLE), shape, NEW);
            assertLast(tensors.get(TABLE).as(TensorType.F32), shape, NEW);
            assertLast(tensors.get(HEAD), shape, LAST + ADDED);
            assertLast(tensors.get(HEAD).as(TensorType.F32), shape, LAST + ADDED);
        }
    }

    private static void assertLast(TensorData tensor, Shape shape, float last) {
        assertThat(tensor.byteSize())
                .isEqualTo(
                        (long) shape.vocabulary * shape.hidden * tensor.dtype().bytes());
        TensorParts.Values values = tensor.values();
        float[] rows = new float[2 * shape.hidden];
        values.read((shape.vocabulary - 2L) * shape.hidden, FloatBuffer.wrap(rows));
        for (int i = 0; i < rows.length; i++) {
            assertThat(rows[i]).as("%s: number %d", tensor.name(), i).isEqualTo(i < shape.hidden ? 0 : last);
        }
    }

    /** Writes an adapter with a row for the last token, and with rank 1 on lm_head, which changes the last row. */
    private static Path adapter(Shape shape, Path folder) throws IOException {
        Files.writeString(
                folder.resolve("adapter_config.json"),
                "{\"peft_type\": \"LORA\", \"task_type\": \"CAUSAL_LM\", \"r\": 1, \"lora_alpha\": 1,"
                        + " \"target_modules\": [\"lm_head\"], \"trainable_token_indices\": ["
                        + (shape.vocabulary - 1) + "]}");
        float[] ones = new float[shape.hidden];
        Arrays.fill(ones, 1);
        float[] row = new float[shape.hidden];
        Arrays.fill(row, NEW);
        float[] b = new float[shape.vocabulary];
        b[b.length - 1] = ADDED;
        try (OutputStream out = Files.newOutputStream(folder.resolve(AdapterFile.WEIGHTS))) {
            SafetensorsWriter.write(
                    out,
                    List.of(
                            TensorData.f32(
                                    "base_model.model.lm_head.lora_A.weight", new long[] {1, shape.hidden}, ones),
                            TensorData.f32(
                                    "base_model.model.lm_head.lora_B.weight", new long[] {shape.vocabulary, 1}, b),
                            TensorData.f32(
                                    "base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta",
                                    new long[] {1, shape.hidden},
                                    row)),
                    SafetensorsWriter.PT);
        }
        return folder;
    }
}
