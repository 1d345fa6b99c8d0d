package io.github.sparkfinetune.core.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.core.model.Decoding;
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
            try (Decoding decoding =
                    new Decoding(fixture.manager, fixture.model, List.of(Arrays.copyOf(text, 1)), 16)) {
                for (int length = 1; length < text.length; length++) {
                    decoding.append(new int[] {text[length]});
                }
                compare(decoding.logits(), fixture.recomputed(text), "128 tokens");
                assertThatThrownBy(() -> decoding.append(new int[] {7}))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("129 tokens");
            }
        }
    }

    @Test
    void refusesPromptsThatDoNotFit() {
        try (DecoderFixture fixture = DecoderFixture.of("gpt2")) {
            for (int length : new int[] {0, 65}) {
                assertThatThrownBy(() -> new Decoding(fixture.manager, fixture.model, List.of(new int[length]), 16))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("the model takes 1 to 64");
            }
        }
    }

    /** Appends random tokens to texts. Half-way the longest text leaves and the other texts swap positions. */
    private static void compare(DecoderFixture fixture, int steps) {
        SplittableRandom random = new SplittableRandom(3);
        int vocabulary = fixture.model.shape().vocabulary();
        List<int[]> texts = new ArrayList<>();
        for (int length : LENGTHS) {
            texts.add(random.ints(length, 5, vocabulary).toArray());
        }
        try (Decoding decoding = new Decoding(fixture.manager, fixture.model, texts, 4)) {
            for (int step = 0; step < steps; step++) {
                FloatBuffer logits = decoding.logits();
                for (int i = 0; i < texts.size(); i++) {
                    compare(
                            logits.slice(i * vocabulary, vocabulary),
                            fixture.recomputed(texts.get(i)),
                            "text " + i + " after step " + step);
                }
                if (step == steps / 2) {
                    decoding.keep(new int[] {2, 0});
                    texts = new ArrayList<>(List.of(texts.get(2), texts.get(0)));
                }
                int[] tokens = random.ints(texts.size(), 5, vocabulary).toArray();
                decoding.append(tokens);
                for (int i = 0; i < tokens.length; i++) {
                    texts.set(
                            i,
                            IntStream.concat(IntStream.of(texts.get(i)), IntStream.of(tokens[i]))
                                    .toArray());
                }
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
