package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.ModelGoldenTest.assertClose;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Gradients of the embedding table, of lm_head, and of a weight that is both. */
class VocabularyGradientTest {
    private static final String TABLE = "model.embed_tokens.weight";
    private static final String LM_HEAD = "lm_head.weight";
    private static final int HIDDEN = 64;
    private static final int PADDING = 77;
    private static final List<List<Sample>> PARTS = List.of(samples(0), samples(2));

    @TempDir
    private Path folder;

    /** Returns documents that contain the padding token. */
    private static List<Sample> samples(int from) {
        return IntStream.range(from, from + 2)
                .mapToObj(i -> {
                    int[] ids = new SplittableRandom(i).ints(14, 5, 380).toArray();
                    ids[4] = PADDING;
                    ids[9] = PADDING;
                    return Sample.ofDocuments(i, ids, ids, 6, 8);
                })
                .toList();
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void sumsBothGradientsOfATiedWeight(boolean recompute) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "llama-tied", config -> config.put("pad_token_id", PADDING));
        try (TinyDecoder tied = TinyDecoder.toTrain(base);
                TinyDecoder copies = TinyDecoder.toTrain(
                        base, "method.type=lora", "method.modules_to_save=[embed_tokens, lm_head]")) {
            float[] whole = tied.gradient(DropoutMasks.none(), recompute, PARTS)
                    .byName()
                    .get(TABLE);
            TinyDecoder.Gradient parts = copies.gradient(DropoutMasks.none(), recompute, PARTS);
            float[] table = parts.byName().get(TABLE);
            float[] lmHead = parts.byName().get(LM_HEAD);
            float[] sum = new float[whole.length];
            for (int i = 0; i < sum.length; i++) {
                sum[i] = table[i] + lmHead[i];
            }
            assertClose("tied", whole, sum, 1e-6);
            assertThat(row(table, PADDING)).as("input rows of padding").containsOnly(0);
            assertThat(row(table, PARTS.get(0).get(0).inputIds()[0])).doesNotContain(0);
            assertThat(row(lmHead, PADDING)).doesNotContain(0);
            assertThat(row(lmHead, 0)).as("every row of the lm_head").doesNotContain(0);
        }
    }

    private static float[] row(float[] table, int id) {
        return Arrays.copyOfRange(table, id * HIDDEN, (id + 1) * HIDDEN);
    }

    @Test
    void givesOnlyThePaddingInputNoGradient() throws Exception {
        Path with = TinyModel.copy(folder.resolve("with"), "llama-tied", config -> config.put("pad_token_id", PADDING));
        Path without = TinyModel.copy(folder.resolve("without"), "llama-tied", config -> config.remove("pad_token_id"));
        try (TinyDecoder padded = TinyDecoder.toTrain(with);
                TinyDecoder plain = TinyDecoder.toTrain(without)) {
            TinyDecoder.Gradient a = padded.gradient(DropoutMasks.none(), false, PARTS);
            TinyDecoder.Gradient b = plain.gradient(DropoutMasks.none(), false, PARTS);
            assertThat(a.loss()).isEqualTo(b.loss());
            for (int id = 0; id < 384; id++) {
                float[] expected = row(b.byName().get(TABLE), id);
                if (id == PADDING) {
                    assertThat(row(a.byName().get(TABLE), id)).isNotEqualTo(expected);
                } else {
                    assertThat(row(a.byName().get(TABLE), id)).as("row %d", id).isEqualTo(expected);
                }
            }
        }
    }

    /** Adds micro-batches without labels, which change nothing; a step without labels has a loss of 0. */
    @ParameterizedTest
    @CsvSource({"llama-tied, full", "llama-untied, full", "gpt2, full", "qwen2, lora"})
    void ignoresSamplesWithoutLabels(String kind, String method) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {});
        int[] none = new int[9];
        Arrays.fill(none, Sample.IGNORED);
        List<Sample> unlabelled = List.of(
                Sample.ofDocuments(9, new SplittableRandom(9).ints(9, 5, 380).toArray(), none, 4, 5));
        try (TinyDecoder decoder = TinyDecoder.toTrain(base, "method.type=" + method)) {
            decoder.randomizeLoraB();
            TinyDecoder.Gradient expected = decoder.gradient(DropoutMasks.none(), false, PARTS);
            for (List<List<Sample>> parts : List.of(
                    List.of(PARTS.get(0), unlabelled, PARTS.get(1)),
                    List.of(unlabelled, PARTS.get(0), PARTS.get(1)),
                    List.of(PARTS.get(0), PARTS.get(1), unlabelled))) {
                TinyDecoder.Gradient actual = decoder.gradient(DropoutMasks.none(), false, parts);
                assertThat(actual.loss()).isEqualTo(expected.loss());
                expected.byName()
                        .forEach((name, values) -> assertClose(
                                "gradient of " + name, actual.byName().get(name), values, 1e-7));
            }
            TrainStep step = decoder.step(DropoutMasks.none(), false);
            step.gradient(0, PARTS, false, () -> false, () -> {});
            TrainStep.Outcome nothing = step.gradient(1, List.of(unlabelled), false, () -> false, () -> {});
            assertThat(nothing.loss()).isZero();
            assertThat(nothing.gradNorm())
                    .as("what the step before left is overwritten")
                    .isZero();
            assertThat(decoder.losses(unlabelled)).isEmpty();
        }
    }
}
