package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.ModelGoldenTest.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.quant.Nf4;
import io.github.sparkfinetune.core.quant.StoredWeight;
import io.github.sparkfinetune.core.safetensors.HalfFloat;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Layers that stage their weights in shared buffers compute the same as layers with separate weights. A buffer must be
 * refilled before a layer's forward, recomputation and backward; otherwise it holds another layer's weights.
 */
class StagedWeightsTest {
    private static final double TOLERANCE = 1e-6;
    private static final String LINEAR = ".*(proj|c_attn|c_fc)\\.weight";
    private static final List<List<Sample>> PARTS = List.of(samples(0), samples(2));

    @TempDir
    private Path folder;

    private static List<Sample> samples(int from) {
        return IntStream.range(from, from + 2)
                .mapToObj(i -> TinyDataset.documents(new SplittableRandom(i), i, false, 2))
                .toList();
    }

    @ParameterizedTest
    @CsvSource({
        "llama-tied, true, false, F32",
        "llama-tied, false, true, F32",
        "llama-tied, false, true, BF16",
        "mistral, true, true, F32",
        "qwen2, true, false, F32",
        "qwen2, true, false, BF16",
        "gpt2, true, false, F32",
        "gpt2, true, false, BF16"
    })
    void computes4BitWeightsLikeTheirValues(String kind, boolean doubleQuant, boolean dora, TensorType products)
            throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {});
        Path plain = folder.resolve("plain");
        try (SafetensorsModel source = SafetensorsModel.open(base)) {
            TinyModel.rewrite(base, plain, TensorType.F32, Long.MAX_VALUE, (name, values) -> {
                if (name.matches(LINEAR)) {
                    ByteBuffer wide = ByteBuffer.allocateDirect(values.length * products.bytes())
                            .order(ByteOrder.nativeOrder());
                    StoredWeight weight = kind.equals("gpt2")
                            ? Nf4.quantizeTransposed(source, name, doubleQuant, 1)
                            : Nf4.quantize(source, name, doubleQuant, 1);
                    weight.widen(0, wide, products);
                    int columns = (int) weight.shape()[1];
                    int rows = (int) weight.shape()[0];
                    for (int i = 0; i < values.length; i++) {
                        int at = weight.isTransposed() ? i % columns * rows + i / columns : i;
                        values[at] = products == TensorType.F32
                                ? wide.getFloat(i * Float.BYTES)
                                : HalfFloat.fromBf16(wide.getShort(i * Short.BYTES));
                    }
                }
            });
        }
        compare(
                base,
                new String[] {"method.type=qlora", "method.bnb_4bit_use_double_quant=" + doubleQuant},
                plain,
                dora,
                products);
    }

    @ParameterizedTest
    @CsvSource({
        "llama-untied, BF16, false, F32",
        "llama-tied, BF16, true, BF16",
        "llama-untied, BF16, false, BF16",
        "gpt2, BF16, true, F32",
        "gpt2, BF16, true, BF16",
        "mistral, F16, true, F32"
    })
    void computesHalfPrecisionLikeItsValues(String kind, TensorType type, boolean dora, TensorType products)
            throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {});
        Path half = TinyModel.rewrite(base, folder.resolve("half"), type, 50_000, (name, values) -> {});
        Path plain =
                TinyModel.rewrite(half, folder.resolve("plain"), TensorType.F32, Long.MAX_VALUE, (name, values) -> {});
        assertThat(TinyModel.weights(plain).keySet())
                .isEqualTo(TinyModel.weights(base).keySet());
        compare(half, new String[] {"method.type=lora"}, plain, dora, products);
    }

    @ParameterizedTest
    @CsvSource({"llama-untied, BF16", "gpt2, F16"})
    void trainsShardsInHalfPrecisionLikeTheirValues(String kind, TensorType type) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {});
        Path half = TinyModel.rewrite(base, folder.resolve("half"), type, 50_000, (name, values) -> {});
        assertThat(half.resolve(SafetensorsModel.INDEX)).exists();
        Path plain =
                TinyModel.rewrite(half, folder.resolve("plain"), TensorType.F32, Long.MAX_VALUE, (name, values) -> {});
        try (TinyDecoder shards = TinyDecoder.toTrain(half);
                TinyDecoder whole = TinyDecoder.toTrain(plain)) {
            TinyDecoder.Gradient expected = whole.gradient(DropoutMasks.none(), false, PARTS);
            TinyDecoder.Gradient actual = shards.gradient(DropoutMasks.none(), false, PARTS);
            assertThat(actual.loss()).isEqualTo(expected.loss());
            RunAssertions.assertBitEqual(actual.byName(), expected.byName());
            RunAssertions.assertBitEqual(shards.parameters(), whole.parameters());
        }
    }

    private static void compare(Path stored, String[] settings, Path plain, boolean dora, TensorType products) {
        List<String> more = List.of(
                "method.target_modules=all-linear",
                "method.use_dora=" + dora,
                "precision=" + (products == TensorType.F32 ? "fp32" : "bf16"));
        String[] quantised = Stream.concat(Stream.of(settings), more.stream()).toArray(String[]::new);
        String[] lora =
                Stream.concat(Stream.of("method.type=lora"), more.stream()).toArray(String[]::new);
        try (TinyDecoder staged = TinyDecoder.toTrain(stored, quantised);
                TinyDecoder separate = TinyDecoder.toTrain(plain, lora)) {
            staged.randomizeLoraB();
            separate.randomizeLoraB();
            assertThat(staged.parameters().keySet())
                    .as("linears are no F32 parameters")
                    .noneMatch(name -> name.matches(LINEAR));
            assertClose("logits", staged.logits(PARTS.get(0)), separate.logits(PARTS.get(0)), 10 * TOLERANCE);
            TinyDecoder.Gradient expected = separate.gradient(DropoutMasks.none(), false, PARTS);
            assertThat(expected.byName()).hasSizeGreaterThan(8);
            for (boolean recompute : new boolean[] {false, true}) {
                TinyDecoder.Gradient actual = staged.gradient(DropoutMasks.none(), recompute, PARTS);
                assertThat(actual.loss()).isCloseTo(expected.loss(), within(TOLERANCE));
                assertThat(actual.byName().keySet()).isEqualTo(expected.byName().keySet());
                expected.byName()
                        .forEach((name, values) -> assertClose(
                                "gradient of " + name, actual.byName().get(name), values, TOLERANCE));
            }
        }
    }
}
