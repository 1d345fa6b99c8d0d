package io.github.sparkfinetune.core.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.GenerationConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.NativeArrays;
import io.github.sparkfinetune.core.generate.Generator.Prompt;
import io.github.sparkfinetune.core.model.Decoding;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class GeneratorTest {
    private static final long SEED = 42;
    private static final GenerationConfig GREEDY = new GenerationConfig(12, false, 1, 0, 1, 1, 0, 0);
    private static final GenerationConfig LOOKED_UP = new GenerationConfig(12, true, 0.8, 50, 0.95, 1.1, 4, 0);
    private static final GenerationConfig SAMPLED = new GenerationConfig(12, true, 0.8, 50, 0.95, 1.1, 0, 0);

    /** A case of the file that {@code generate/make_answers.py} writes. */
    private record Case(
            String model, Map<String, Double> settings, int[][] prompts, int[][] answers, float[][] last_logits) {
        GenerationConfig config(int lookedUp) {
            return new GenerationConfig(
                    settings.get("max_new_tokens").intValue(),
                    false,
                    1,
                    0,
                    1,
                    settings.getOrDefault("repetition_penalty", 1.0),
                    lookedUp,
                    0);
        }
    }

    @TestFactory
    Stream<DynamicTest> generatesTheAnswersOfTransformers() throws IOException {
        Case[] cases;
        try (InputStream json = GeneratorTest.class.getResourceAsStream("/generate/answers.json")) {
            cases = new ObjectMapper().readValue(json, Case[].class);
        }
        return Arrays.stream(cases)
                .map(one -> DynamicTest.dynamicTest(one.model() + " " + one.settings(), () -> {
                    try (DecoderFixture fixture = DecoderFixture.of(one.model())) {
                        List<Prompt> prompts = prompts(one.prompts());
                        for (int batch : new int[] {1, 3, 4}) {
                            for (int lookedUp : new int[] {0, 5}) {
                                assertThat(generate(fixture, one.config(lookedUp), Set.of(), prompts, batch))
                                        .as("in batches of %d, %d tokens looked up", batch, lookedUp)
                                        .isDeepEqualTo(one.answers());
                            }
                        }
                        for (int i = 0; i < one.prompts().length; i++) {
                            float[] actual = fixture.recomputed(joined(one.prompts()[i], one.answers()[i]));
                            for (int token = 0; token < actual.length; token++) {
                                assertThat(actual[token]).isCloseTo(one.last_logits()[i][token], within(1e-4f));
                            }
                        }
                    }
                }));
    }

    @Test
    void endsOnlyTheAnswerThatHasAnEndToken() {
        try (DecoderFixture fixture = DecoderFixture.of("llama-untied")) {
            List<Prompt> prompts = randomPrompts(fixture, 5, 8, 2, 30, 8);
            int[][] whole = generate(fixture, GREEDY, Set.of(), prompts, 5);
            Set<Integer> ends = Set.of(whole[0][3], whole[2][7], whole[3][0]);
            int[][] expected = Arrays.stream(whole)
                    .map(answer -> {
                        int end = 0;
                        while (end < answer.length - 1 && !ends.contains(answer[end])) {
                            end++;
                        }
                        return Arrays.copyOf(answer, end + 1);
                    })
                    .toArray(int[][]::new);
            assertThat(Arrays.stream(expected)
                            .map(answer -> answer.length)
                            .distinct()
                            .count())
                    .as("lengths differ")
                    .isGreaterThan(2);
            for (int batch : new int[] {1, 2, 5}) {
                assertThat(generate(fixture, GREEDY, ends, prompts, batch)).isDeepEqualTo(expected);
            }
        }
    }

    /** Prompts that begin alike and repeat themselves, up to the model's length. */
    @Test
    void looksUpTokensInPromptsThatBeginAlike() {
        try (DecoderFixture fixture = DecoderFixture.of("gpt2")) {
            int[] repeated = {9, 8, 7, 6, 5, 9, 8, 7, 6, 5, 9, 8, 7, 6, 5, 9, 8, 7, 6, 5};
            List<Prompt> prompts = IntStream.range(0, 5)
                    .mapToObj(i -> new Prompt(
                            i,
                            IntStream.concat(IntStream.of(repeated), IntStream.of(10 + i, 9, 8, 7))
                                    .toArray()))
                    .toList();
            GenerationConfig longest = new GenerationConfig(40, false, 1, 0, 1, 1, 0, 0);
            int[][] plain = prompts.stream()
                    .map(prompt -> generate(fixture, longest, Set.of(), List.of(prompt), 1)[0])
                    .toArray(int[][]::new);
            for (int batch : new int[] {1, 2, 5}) {
                GenerationConfig lookup = new GenerationConfig(40, false, 1, 0, 1, 1, 6, 0);
                assertThat(generate(fixture, lookup, Set.of(), prompts, batch)).isDeepEqualTo(plain);
            }
        }
    }

    @Test
    void samplesAnswersBySeedAndSampleOnly() {
        try (DecoderFixture fixture = DecoderFixture.of("gpt2")) {
            List<Prompt> prompts = randomPrompts(fixture, 3, 9, 9, 1);
            int[][] sampled = generate(fixture, SAMPLED, Set.of(), prompts, 4);
            assertThat(generate(fixture, SAMPLED, Set.of(), prompts, 1)).isDeepEqualTo(sampled);
            assertThat(generate(fixture, LOOKED_UP, Set.of(), prompts, 2)).isDeepEqualTo(sampled);
            List<Prompt> reversed = List.of(prompts.get(3), prompts.get(2), prompts.get(1), prompts.get(0));
            int[][] backwards = generate(fixture, SAMPLED, Set.of(), reversed, 3);
            for (int i = 0; i < sampled.length; i++) {
                assertThat(backwards[sampled.length - 1 - i]).isEqualTo(sampled[i]);
            }
            Prompt other = new Prompt(99, prompts.get(1).inputIds());
            assertThat(generate(fixture, SAMPLED, Set.of(), List.of(other), 1)[0])
                    .isNotEqualTo(sampled[1]);
        }
    }

    @Test
    void refusesPromptsThatDoNotFitBeforeAnyWork() {
        try (DecoderFixture fixture = DecoderFixture.of("gpt2")) {
            Generator generator = generator(fixture, GREEDY, Set.of(), 1);
            Prompt fits = new Prompt(0, new int[52]);
            assertThat(generator.generate(List.of(fits)).get(0)).hasSize(12);
            assertThatThrownBy(() -> generator.generate(List.of(fits, new Prompt(7, new int[53]))))
                    .isInstanceOf(RunException.class)
                    .hasMessage("generation.max_new_tokens: prompt 7 has 53 tokens, which with 12 new tokens exceed the"
                            + " model's maximum of 64: set it to at most 11, or shorten the prompt");
            assertThatThrownBy(() -> generator.generate(List.of(new Prompt(8, new int[64]))))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("prompt 8 has 64 tokens; the model takes at most 64 with the answer");
            assertThatThrownBy(() -> generator.generate(List.of(new Prompt(9, new int[0]))))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("prompt 9 is empty");
            assertThat(generator.generate(List.of())).isEmpty();
        }
    }

    @Test
    void leavesNoNativeArrays() throws ReflectiveOperationException {
        try (DecoderFixture fixture = DecoderFixture.of("mistral")) {
            long before = NativeArrays.alive();
            generate(fixture, SAMPLED, Set.of(5, 6, 7, 8, 9, 10), randomPrompts(fixture, 3, 9, 20, 1), 3);
            assertThat(NativeArrays.alive()).isEqualTo(before);
            int[] unknown = {1, 100_000};
            assertThatThrownBy(() -> {
                        try (Decoding decoding = new Decoding(fixture.manager, fixture.model, 1, 8)) {
                            decoding.start(new int[] {0}, List.of(unknown));
                        }
                    })
                    .hasMessageContaining("index out of range");
            assertThat(NativeArrays.alive()).as("after a failure").isEqualTo(before);
        }
    }

    private static Generator generator(DecoderFixture fixture, GenerationConfig config, Set<Integer> ends, int batch) {
        return new Generator(fixture.manager, fixture.model, config, ends, SEED, batch);
    }

    private static int[][] generate(
            DecoderFixture fixture, GenerationConfig config, Set<Integer> ends, List<Prompt> prompts, int batch) {
        return generator(fixture, config, ends, batch).generate(prompts).toArray(int[][]::new);
    }

    private static List<Prompt> prompts(int[][] ids) {
        return IntStream.range(0, ids.length)
                .mapToObj(i -> new Prompt(i, ids[i]))
                .toList();
    }

    private static List<Prompt> randomPrompts(DecoderFixture fixture, int... lengths) {
        SplittableRandom random = new SplittableRandom(1);
        List<Prompt> prompts = new ArrayList<>();
        for (int length : lengths) {
            prompts.add(new Prompt(
                    prompts.size(),
                    random.ints(length, 5, fixture.model.shape().vocabulary()).toArray()));
        }
        return prompts;
    }

    private static int[] joined(int[] a, int[] b) {
        return IntStream.concat(IntStream.of(a), IntStream.of(b)).toArray();
    }
}
