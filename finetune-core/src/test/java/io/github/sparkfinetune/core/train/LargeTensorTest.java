package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.SparseSafetensors;
import io.github.sparkfinetune.core.safetensors.SparseSafetensors.Tensor;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A model whose embedding table is larger than a Java buffer; its file is sparse. */
class LargeTensorTest {
    private static final String TABLE = "model.embed_tokens.weight";
    private static final int WIDTH = 64;
    private static final float LAST = 0.375f;

    private static final String ENCODER_TABLE = "bert.embeddings.word_embeddings.weight";
    private static final int ENCODER_WIDTH = 32;
    private static final int ROWS = (1 << 29) / ENCODER_WIDTH + 1000;

    @TempDir
    private Path folder;

    /** Writes a golden model with a table above 2 GB of zeros, except for its last row. */
    private Path model(TensorType type) throws IOException {
        long rows = (1L << 31) / type.bytes() / WIDTH + 1000;
        Path model = TinyModel.copy(
                folder.resolve("model"),
                "llama-tied",
                config -> config.put("vocab_size", rows).remove("pad_token_id"));
        replace(model.resolve(SafetensorsModel.FILE), TABLE, new Tensor(type, rows, WIDTH), large -> {
            large.putLast(TABLE, type, LAST, WIDTH);
        });
        return model;
    }

    /** Writes values into a file. */
    private interface Filling {
        void fill(SparseSafetensors file) throws IOException;
    }

    /** Rewrites a file with a replaced or an additional tensor, which comes last. */
    private static void replace(Path file, String name, Tensor tensor, Filling filling) throws IOException {
        Path small = Files.move(file, file.resolveSibling("small"));
        try (SafetensorsFile source = SafetensorsFile.open(small)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            source.names().forEach(one -> tensors.put(one, Tensor.of(source.info(one))));
            tensors.remove(name);
            List<String> kept = List.copyOf(tensors.keySet());
            tensors.put(name, tensor);
            try (SparseSafetensors large = SparseSafetensors.create(file, tensors)) {
                for (String one : kept) {
                    large.put(one, source);
                }
                filling.fill(large);
            }
        }
        Files.delete(small);
    }

    @ParameterizedTest
    @CsvSource({"F32, fp32", "F32, bf16", "BF16, bf16"})
    @Tag("full")
    void looksUpRowsAboveTwoGigabytes(TensorType type, String precision) throws IOException {
        try (TinyDecoder model = TinyDecoder.toTrain(model(type), "method.type=lora", "precision=" + precision);
                NDManager owner = model.manager.newSubManager()) {
            NDArray table = model.model().table().value();
            long last = table.getShape().get(0) - 1;
            NDArray rows =
                    model.model().script().callOne(owner, "lookup", table, owner.create(new long[] {last, last - 1}));
            float[] expected = new float[2 * WIDTH];
            Arrays.fill(expected, 0, WIDTH, LAST);
            assertThat(rows.toFloatArray()).containsExactly(expected);
        }
    }

    /** Reads a file with an unused tensor of one terabyte behind the model's tensors. */
    @ParameterizedTest
    @CsvSource({"F32, fp32, lora", "F32, bf16, qlora", "BF16, bf16, lora"})
    void readsAFileThatCannotBeMapped(TensorType type, String precision, String method) throws IOException {
        Path base = TinyModel.copy(folder.resolve("base"), "llama-tied", config -> {});
        Path plain = folder.resolve("plain");
        TinyModel.rewrite(base, plain, type, Long.MAX_VALUE, (name, values) -> {});
        Path large = folder.resolve("large");
        TinyModel.rewrite(base, large, type, Long.MAX_VALUE, (name, values) -> {});
        replace(large.resolve(SafetensorsModel.FILE), "unused", new Tensor(TensorType.F32, 1L << 38), file -> {});
        List<Sample> samples = List.of(Sample.ofDocuments(0, new int[] {5, 9, 200}, new int[] {5, 9, 200}, 3));
        String[] settings = {"method.type=" + method, "precision=" + precision};
        try (TinyDecoder expected = TinyDecoder.toTrain(plain, settings);
                TinyDecoder model = TinyDecoder.toTrain(large, settings)) {
            assertThat(model.logits(samples)).isEqualTo(expected.logits(samples));
        }
    }

    /** Trains 2 GB of weights, with 2 GB for each moment of the optimizer and for each file. */
    @Tag("full")
    @ParameterizedTest
    @CsvSource({"full, bf16", "freeze, bf16", "lora, fp32", "tokens, bf16"})
    void trainsResumesWritesAndMergesATableAboveTwoGigabytes(String method, String precision) throws Exception {
        Path base = encoder();
        String[] settings = method.equals("tokens")
                ? new String[] {"method.type=lora", "method.trainable_token_indices=[20, " + (ROWS - 1) + "]"}
                : new String[] {"method.type=" + method};
        TinyRun tiny = new TinyRun(folder, base, "classification", settings);
        String[] training = {
            "precision=" + precision,
            "training.max_steps=2",
            "training.save_steps=1",
            "training.learning_rate=1.0e-2",
            "training.warmup_ratio=0"
        };
        RunConfig config = tiny.config("out", training);
        tiny.run(config, 1, null);
        Path exported = TinyRun.exported(config);
        boolean adapter = Files.exists(exported.resolve(AdapterFile.CONFIG));
        Path written = adapter ? folder.resolve("merged") : exported;
        if (adapter) {
            TinyRun.merge(config, exported, written, folder.resolve("cache"));
        }
        try (SafetensorsModel model = SafetensorsModel.open(written)) {
            assertThat(model.info(ENCODER_TABLE).byteSize()).isGreaterThan(Integer.MAX_VALUE);
            assertThat(row(model, ROWS - 2)).containsOnly(0);
            for (float value : row(model, ROWS - 1)) {
                // Weight decay changes the row if it is trained.
                assertThat(value).isCloseTo(LAST, within(1e-3f));
            }
            // The row of a token of the dataset changes if it is trained.
            boolean trained = method.equals("full") || method.equals("tokens");
            assertThat(Arrays.equals(row(model, 20), new float[ENCODER_WIDTH])).isEqualTo(!trained);
        }
        if (method.equals("full")) {
            Checkpoint first = tiny.checkpoints(config).get(0);
            assertThat(first.step()).isEqualTo(1);
            RunConfig resumed = tiny.config("resumed", training);
            TinyRun.copy(config, resumed, first);
            tiny.run(resumed, 1, first.name());
            assertThat(Files.mismatch(
                            TinyRun.exported(resumed).resolve(SafetensorsModel.FILE),
                            exported.resolve(SafetensorsModel.FILE)))
                    .isEqualTo(-1);
        }
    }

    private static float[] row(SafetensorsModel model, long row) {
        float[] values = new float[ENCODER_WIDTH];
        model.floats(ENCODER_TABLE, row * ENCODER_WIDTH, FloatBuffer.wrap(values));
        return values;
    }

    /** Writes an encoder with a table above 2 GB of zeros, except for its last row. */
    private Path encoder() throws IOException {
        Path model = TinyModel.copy(folder.resolve("encoder"), "bert-seqcls", config -> config.put("vocab_size", ROWS));
        replace(
                model.resolve(SafetensorsModel.FILE),
                ENCODER_TABLE,
                new Tensor(TensorType.F32, ROWS, ENCODER_WIDTH),
                large -> large.putLast(ENCODER_TABLE, TensorType.F32, LAST, ENCODER_WIDTH));
        return model;
    }
}
