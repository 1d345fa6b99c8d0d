package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.ModelGoldenTest.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Documents that are computed side by side, packed into one sample or not, do not influence each other. */
class PackedDocumentsTest {
    private static final double TOLERANCE = 1e-5;
    private static final List<Sample> PACKED =
            List.of(sample(0, 5, 19, 1), sample(1, 12), sample(2, 2, 8, 8, 3), sample(3, 30));

    @TempDir
    private Path folder;

    /** Returns a sample of documents of the lengths; the first third of each document has no labels. */
    private static Sample sample(int index, int... lengths) {
        SplittableRandom random = new SplittableRandom(index);
        int[] ids = random.ints(Arrays.stream(lengths).sum(), 5, 380).toArray();
        int[] labels = ids.clone();
        int at = 0;
        for (int length : lengths) {
            Arrays.fill(labels, at, at + length / 3, Sample.IGNORED);
            at += length;
        }
        return Sample.ofDocuments(index, ids, labels, lengths);
    }

    static Stream<List<String>> models() {
        return Stream.concat(
                GoldenFiles.decoders().stream().map(List::of),
                Stream.of(
                        List.of("mistral", "type=lora", "target_modules=all-linear", "use_dora=true"),
                        List.of("gpt2", "type=lora")));
    }

    /** Returns models with dropout, whose masks depend on the sample and the position in it. */
    static Stream<List<String>> dropouts() {
        return Stream.of(
                List.of("gpt2"),
                List.of("gpt2", "type=lora", "target_modules=all-linear", "lora_dropout=0.3"),
                List.of("qwen2", "type=lora", "target_modules=all-linear", "lora_dropout=0.3", "bias=all"),
                List.of("mistral", "type=lora", "lora_dropout=0.2", "use_dora=true"),
                List.of("llama-tied", "type=qlora", "lora_dropout=0.2"));
    }

    private TinyDecoder load(List<String> model, double dropout) throws Exception {
        return load(model, dropout, "fp32");
    }

    private TinyDecoder load(List<String> model, double dropout, String precision) throws Exception {
        Path base = TinyModel.copy(folder.resolve(precision), model.get(0), config -> {
            if (model.get(0).equals("gpt2")) {
                List.of("attn_pdrop", "embd_pdrop", "resid_pdrop").forEach(rate -> config.put(rate, dropout));
            }
        });
        Stream<String> method = model.stream().skip(1).map(setting -> "method." + setting);
        TinyDecoder decoder = TinyDecoder.toTrain(
                base, Stream.concat(Stream.of("precision=" + precision), method).toArray(String[]::new));
        decoder.randomizeLoraB();
        return decoder;
    }

    @ParameterizedTest
    @MethodSource("models")
    void computesAPackedDocumentLikeASeparateSample(List<String> model) throws Exception {
        List<Sample> alone = new ArrayList<>();
        for (Sample sample : PACKED) {
            int from = 0;
            for (int length : sample.documents()) {
                int to = from + length;
                alone.add(Sample.ofDocuments(
                        100 + alone.size(),
                        Arrays.copyOfRange(sample.inputIds(), from, to),
                        Arrays.copyOfRange(sample.labels(), from, to),
                        length));
                from = to;
            }
        }
        try (TinyDecoder decoder = load(model, 0)) {
            compare(decoder, DropoutMasks.none(), alone);
            float[] packed = decoder.losses(PACKED);
            int at = 0;
            for (Sample document : alone) {
                float[] expected = decoder.losses(List.of(document));
                int end = at + expected.length;
                assertClose("losses of " + document, Arrays.copyOfRange(packed, at, end), expected, TOLERANCE);
                at = end;
            }
            assertThat(packed).hasSize(at);
        }
    }

    @ParameterizedTest
    @MethodSource("dropouts")
    void dropsIndependentlyOfOtherSamples(List<String> model) throws Exception {
        try (TinyDecoder decoder = load(model, 0.2)) {
            DropoutMasks masks = DropoutMasks.of(3, 1);
            compare(decoder, masks, PACKED);
            TinyDecoder.Gradient dropped = decoder.gradient(masks, false, List.of(PACKED));
            TinyDecoder.Gradient whole = decoder.gradient(DropoutMasks.none(), false, List.of(PACKED));
            assertThat(Math.abs(dropped.loss() - whole.loss()))
                    .as("something is dropped")
                    .isGreaterThan(1e-3);
        }
    }

    /** Pads to multiples of 16 tokens for BF16 products; the padding has no loss, gradient or mask. */
    @ParameterizedTest
    @MethodSource("dropouts")
    void ignoresPaddingTokensInBf16(List<String> model) throws Exception {
        DropoutMasks masks = DropoutMasks.of(3, 1);
        TinyDecoder.Gradient exact;
        try (TinyDecoder decoder = load(model, 0.2)) {
            exact = decoder.gradient(masks, false, List.of(PACKED));
            assertThat(rows(decoder, PACKED)).containsExactly(5, 19, 1, 12, 2, 8, 8, 3, 30);
        }
        try (TinyDecoder decoder = load(model, 0.2, "bf16")) {
            assertThat(rows(decoder, PACKED)).as("88 tokens are 96 rows").containsExactly(5, 19, 1, 12, 2, 8, 8, 3, 38);
            assertThat(rows(decoder, List.of(sample(0, 16)))).containsExactly(16);
            for (List<List<Sample>> parts : List.of(List.of(PACKED), parts(PACKED))) {
                for (boolean recompute : new boolean[] {false, true}) {
                    TinyDecoder.Gradient half = decoder.gradient(masks, recompute, parts);
                    assertThat(half.loss()).isCloseTo(exact.loss(), within(0.003));
                    exact.byName()
                            .forEach((name, values) -> assertThat(
                                            distance(half.byName().get(name), values) / norm(values))
                                    .as("relative error of the gradient of " + name)
                                    .isLessThan(0.1));
                }
            }
        }
    }

    /** Returns the lengths of the documents of a batch; their sum is the number of rows. */
    private static long[] rows(TinyDecoder decoder, List<Sample> samples) {
        try (NDManager owner = decoder.manager.newSubManager()) {
            Batch batch = decoder.model().batch(owner, samples);
            assertThat(Arrays.stream(batch.lengths()).sum())
                    .isEqualTo(batch.ids().size());
            return batch.lengths();
        }
    }

    private static double distance(float[] a, float[] b) {
        float[] difference = a.clone();
        for (int i = 0; i < a.length; i++) {
            difference[i] -= b[i];
        }
        return norm(difference);
    }

    /** Compares all packed samples at once with single samples one by one, with and without recomputation. */
    private static void compare(TinyDecoder decoder, DropoutMasks masks, List<Sample> alone) {
        TinyDecoder.Gradient expected = decoder.gradient(masks, false, parts(alone));
        assertThat(expected.byName()).isNotEmpty();
        expected.byName()
                .forEach((name, values) -> assertThat(norm(values)).as(name).isGreaterThan(1e-7));
        for (boolean recompute : new boolean[] {false, true}) {
            TinyDecoder.Gradient packed = decoder.gradient(masks, recompute, List.of(PACKED));
            assertThat(packed.loss()).isCloseTo(expected.loss(), within(TOLERANCE));
            assertThat(packed.byName().keySet()).isEqualTo(expected.byName().keySet());
            expected.byName()
                    .forEach((name, values) -> assertClose(
                            "gradient of " + name,
                            packed.byName().get(name),
                            values,
                            TOLERANCE * Math.max(1, norm(values))));
        }
    }

    private static double norm(float[] values) {
        double squares = 0;
        for (float value : values) {
            squares += value * value;
        }
        return Math.sqrt(squares);
    }

    private static List<List<Sample>> parts(List<Sample> samples) {
        return samples.stream().map(List::of).toList();
    }
}
