package io.github.sparkfinetune.core.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.core.model.Decoding;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.weight.Adaptation.Storage;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Logits computed with the cache equal those of the whole text at once. */
class DecodingTest {
    private static final int[] LENGTHS = {4, 11, 1};
    /** Tolerance relative to the largest logit. */
    private static final float TOLERANCE = 1e-5f;

    @ParameterizedTest
    @MethodSource("io.github.sparkfinetune.core.GoldenFiles#decoders")
    void computesTheLogitsOfTheWholeTextInEveryStep(String name) {
        try (DecoderFixture fixture = DecoderFixture.of(name)) {
            compare(fixture, 20);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"lora-qv", "dora-qv"})
    void computesTheSameLogitsWithAnAdapter(String adapter) {
        try (DecoderFixture fixture = DecoderFixture.adapted("llama-tied", adapter, Storage.AS_STORED)) {
            compare(fixture, 10);
        }
    }

    /** Linears of the same input are packed as one; their adapters stay apart. */
    @ParameterizedTest
    @ValueSource(strings = {"lora-qv", "rslora-all-linear"})
    void computesTheAdaptersOfPackedLinears(String adapter) {
        int[] text = new SplittableRandom(7).ints(12, 5, 50).toArray();
        float[] packed = lastLogits(adapter, Storage.AS_STORED, MatmulBackend.PACKED_BF16, text);
        float[] separate = lastLogits(adapter, Storage.AS_STORED, MatmulBackend.BF16, text);
        float[] base;
        try (DecoderFixture fixture = DecoderFixture.of("llama-tied", MatmulBackend.BF16)) {
            base = fixture.recomputed(text);
        }
        assertThat(distance(packed, separate)).isLessThan(distance(separate, base) / 10);
    }

    @Test
    void widensWeightsIn4BitsOnce() {
        int[] text = new SplittableRandom(8).ints(12, 5, 50).toArray();
        float[] once = lastLogits("lora-qv", Storage.NF4_DOUBLE, MatmulBackend.WIDENED_BF16, text);
        float[] eachTime = lastLogits("lora-qv", Storage.NF4_DOUBLE, MatmulBackend.PACKED_BF16, text);
        float[] whole = lastLogits("lora-qv", Storage.AS_STORED, MatmulBackend.PACKED_BF16, text);
        assertThat(distance(once, eachTime)).isLessThan(distance(eachTime, whole) / 10);
    }

    private static float[] lastLogits(String adapter, Storage storage, MatmulBackend matmul, int[] text) {
        try (DecoderFixture fixture = DecoderFixture.adapted("llama-tied", adapter, storage, matmul);
                Decoding decoding = new Decoding(fixture.manager, fixture.model, 1, 4)) {
            decoding.start(new int[] {0}, List.of(Arrays.copyOf(text, text.length - 1)));
            FloatBuffer logits = decoding.append(new int[][] {{text[text.length - 1]}});
            float[] values = new float[logits.remaining()];
            logits.get(values);
            return values;
        }
    }

    private static double distance(float[] a, float[] b) {
        return Math.sqrt(IntStream.range(0, a.length)
                .mapToDouble(i -> Math.pow(a[i] - b[i], 2))
                .sum());
    }

    @Test
    void computesTheSameLogitsWith4BitWeights() {
        try (DecoderFixture fixture = DecoderFixture.adapted("llama-tied", "lora-qv", Storage.NF4_DOUBLE)) {
            compare(fixture, 10);
        }
    }

    @Test
    void growsTheCache() {
        try (DecoderFixture fixture = DecoderFixture.of("mistral")) {
            SplittableRandom random = new SplittableRandom(5);
            int[] text = random.ints(128, 5, fixture.model.shape().vocabulary()).toArray();
            try (Decoding decoding = new Decoding(fixture.manager, fixture.model, 1, 16)) {
                FloatBuffer logits = decoding.start(new int[] {0}, List.of(Arrays.copyOf(text, 1)));
                for (int length = 1; length < text.length; length++) {
                    logits = decoding.append(new int[][] {{text[length]}});
                }
                compare(logits, fixture.recomputed(text), "128 tokens");
                assertThatThrownBy(() -> decoding.append(new int[][] {{7}}))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("129 tokens");
            }
        }
    }

    @Test
    void refusesPromptsThatDoNotFit() {
        try (DecoderFixture fixture = DecoderFixture.of("gpt2");
                Decoding decoding = new Decoding(fixture.manager, fixture.model, 1, 16)) {
            for (int length : new int[] {0, 65}) {
                assertThatThrownBy(() -> decoding.start(new int[] {0}, List.of(new int[length])))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("the model takes 1 to 64");
            }
        }
    }

    /** Several tokens at once, of which some are dropped again; sliding windows are shorter than the texts. */
    @ParameterizedTest
    @MethodSource("io.github.sparkfinetune.core.GoldenFiles#decoders")
    void appendsSeveralTokensAndDropsSome(String name) {
        try (DecoderFixture fixture = DecoderFixture.of(name)) {
            SplittableRandom random = new SplittableRandom(4);
            int vocabulary = fixture.model.shape().vocabulary();
            List<int[]> texts = new ArrayList<>(texts(random, vocabulary));
            try (Decoding decoding = new Decoding(fixture.manager, fixture.model, texts.size(), 4)) {
                decoding.start(new int[] {0, 1, 2}, texts);
                for (int step = 0; step < 6; step++) {
                    int count = 1 + random.nextInt(5);
                    int[][] tokens = new int[texts.size()][];
                    for (int i = 0; i < tokens.length; i++) {
                        tokens[i] = random.ints(count, 5, vocabulary).toArray();
                    }
                    FloatBuffer logits = decoding.append(tokens);
                    for (int i = 0; i < tokens.length; i++) {
                        int kept = 1 + random.nextInt(count);
                        texts.set(i, joined(texts.get(i), Arrays.copyOf(tokens[i], kept)));
                        compare(
                                logits.slice((i * count + kept - 1) * vocabulary, vocabulary),
                                fixture.recomputed(texts.get(i)),
                                "text " + i + " after step " + step);
                        decoding.drop(i, count - kept);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.sparkfinetune.core.GoldenFiles#decoders")
    void computesSharedTokensOnce(String name) {
        try (DecoderFixture fixture = DecoderFixture.of(name)) {
            SplittableRandom random = new SplittableRandom(6);
            int vocabulary = fixture.model.shape().vocabulary();
            int[] shared = random.ints(19, 5, vocabulary).toArray();
            List<int[]> texts = texts(random, vocabulary).stream()
                    .map(own -> joined(shared, own))
                    .toList();
            try (Decoding decoding = new Decoding(fixture.manager, fixture.model, texts.size(), 4)) {
                decoding.share(shared);
                FloatBuffer logits = decoding.start(new int[] {2, 0, 1}, texts);
                for (int i = 0; i < texts.size(); i++) {
                    compare(logits.slice(i * vocabulary, vocabulary), fixture.recomputed(texts.get(i)), "text " + i);
                }
                FloatBuffer next = decoding.append(new int[][] {{5}, {6}, {7}});
                compare(next.slice(0, vocabulary), fixture.recomputed(joined(texts.get(1), 5)), "slot 0");
            }
        }
    }

    private static List<int[]> texts(SplittableRandom random, int vocabulary) {
        return Arrays.stream(LENGTHS)
                .mapToObj(length -> random.ints(length, 5, vocabulary).toArray())
                .toList();
    }

    private static int[] joined(int[] text, int... more) {
        return IntStream.concat(IntStream.of(text), IntStream.of(more)).toArray();
    }

    /** Appends random tokens to texts. A text is replaced, then the longest text leaves and the others swap slots. */
    private static void compare(DecoderFixture fixture, int steps) {
        SplittableRandom random = new SplittableRandom(3);
        int vocabulary = fixture.model.shape().vocabulary();
        List<int[]> texts = new ArrayList<>(texts(random, vocabulary));
        try (Decoding decoding = new Decoding(fixture.manager, fixture.model, texts.size(), 4)) {
            FloatBuffer logits = decoding.start(new int[] {0, 1, 2}, texts);
            for (int step = 0; step < steps; step++) {
                for (int i = 0; i < texts.size(); i++) {
                    compare(
                            logits.slice(i * vocabulary, vocabulary),
                            fixture.recomputed(texts.get(i)),
                            "text " + i + " after step " + step);
                }
                if (step == steps / 4) {
                    texts.set(1, random.ints(6, 5, vocabulary).toArray());
                    compare(
                            decoding.start(new int[] {1}, List.of(texts.get(1))),
                            fixture.recomputed(texts.get(1)),
                            "the new text");
                }
                if (step == steps / 2) {
                    decoding.keep(new int[] {2, 0});
                    texts = new ArrayList<>(List.of(texts.get(2), texts.get(0)));
                }
                int[][] tokens = new int[texts.size()][];
                for (int i = 0; i < tokens.length; i++) {
                    tokens[i] = random.ints(1, 5, vocabulary).toArray();
                    texts.set(i, joined(texts.get(i), tokens[i]));
                }
                logits = decoding.append(tokens);
            }
        }
    }

    private static void compare(FloatBuffer actual, float[] expected, String what) {
        float largest = 0;
        for (float logit : expected) {
            largest = Math.max(largest, Math.abs(logit));
        }
        float[] values = new float[expected.length];
        actual.duplicate().get(values);
        assertThat(values).as(what).containsExactly(expected, within(TOLERANCE * largest));
    }
}
