package io.github.sparkfinetune.data.mask;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.MaskedLmConfig;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares masking with the data collators of transformers. */
class TokenMaskingTest {
    private static final int ROWS = 400;
    private static final int LENGTH = 64;

    private final JsonNode golden = GoldenFolder.json("text/mlm.json");
    private final MaskingVocabulary vocabulary = MaskingVocabulary.of(
            "m", GoldenFolder.tokenizer(golden.get("tokenizer").asText()));

    TokenMaskingTest() throws IOException {}

    private TokenMasking masking(boolean wholeWords) {
        return masking(wholeWords, 1);
    }

    private TokenMasking masking(boolean wholeWords, long seed) {
        double probability = golden.get("mlm_probability").asDouble();
        return new TokenMasking(vocabulary, new MaskedLmConfig(probability, wholeWords), seed, 42);
    }

    private static Sample sample(long index, int... ids) {
        return Sample.ofDocuments(index, ids, ids, ids.length);
    }

    /** Returns [CLS], tokens of which one in three continues a word, and [SEP]. */
    private Sample random(long index) {
        SplittableRandom random = new SplittableRandom(index);
        int[] ids = new int[LENGTH];
        for (int place = 0; place < LENGTH; place++) {
            do {
                ids[place] = random.nextInt(5, vocabulary.size());
            } while (place > 0
                    && vocabulary.words().orElseThrow().continues(ids[place - 1], ids[place])
                            != (random.nextInt(3) == 0));
        }
        ids[0] = 2;
        ids[LENGTH - 1] = 3;
        return sample(index, ids);
    }

    @Test
    void neverChoosesTheTokensThatTransformersExcludes() {
        JsonNode expected = golden.get("expected");
        assertThat(vocabulary.size())
                .isEqualTo(expected.get("random_from").get(1).asInt());
        assertThat(vocabulary.maskTokenId()).isEqualTo(4);
        assertThat(vocabulary.special().stream()).containsExactly(0, 1, 2, 3, 4);
        assertThat(expected.get("never_chosen")).hasSize(5);
    }

    @Test
    void findsAndCountsWordsAsTransformers() {
        TokenMasking masking = masking(true);
        for (JsonNode expected : golden.get("cases")) {
            int[] ids = GoldenFolder.ints(expected.get("input_ids"));
            List<List<Integer>> groups = new ArrayList<>();
            expected.get("word_groups")
                    .forEach(group -> groups.add(
                            IntStream.of(GoldenFolder.ints(group)).boxed().toList()));
            assertThat(masking.words(ids).stream()
                            .map(word ->
                                    IntStream.range(word[0], word[1]).boxed().toList()))
                    .isEqualTo(groups);
            assertThat(masking.wordTokens(ids.length))
                    .isEqualTo(expected.get("whole_word_num_to_predict").asInt());
        }
        // Halves are rounded to the even number, as in Python.
        assertThat(masking.wordTokens(30)).isEqualTo(4);
        assertThat(masking.wordTokens(3)).isEqualTo(1);
        assertThat(masking.wordTokens(1 << 20)).isEqualTo(512);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void masksTheExpectedShares(boolean wholeWords) {
        TokenMasking masking = masking(wholeWords);
        int chosen = 0;
        int masked = 0;
        int same = 0;
        TreeSet<Integer> drawn = new TreeSet<>();
        for (int row = 0; row < ROWS; row++) {
            Sample before = random(row);
            Sample after = masking.train(before, 0);
            for (int place = 0; place < LENGTH; place++) {
                int id = before.inputIds()[place];
                if (after.labels()[place] == Sample.IGNORED) {
                    assertThat(after.inputIds()[place]).isEqualTo(id);
                    continue;
                }
                assertThat(after.labels()[place]).isEqualTo(id);
                assertThat(vocabulary.special().get(id)).isFalse();
                chosen++;
                masked += after.inputIds()[place] == vocabulary.maskTokenId() ? 1 : 0;
                same += after.inputIds()[place] == id ? 1 : 0;
                drawn.add(after.inputIds()[place]);
            }
        }
        int maskable = ROWS * (LENGTH - 2);
        String collator = wholeWords ? "DataCollatorForWholeWordMask" : "DataCollatorForLanguageModeling";
        JsonNode observed = golden.get("observed").get(collator);
        // The tolerance is three standard deviations of the difference between two such draws.
        assertThat((double) chosen / maskable)
                .isCloseTo(observed.get("chosen_of_maskable").asDouble(), within(0.01));
        assertThat((double) masked / chosen)
                .isCloseTo(golden.get("expected").get("mask").asDouble(), within(0.02));
        assertThat((double) same / chosen)
                .isCloseTo(golden.get("expected").get("keep").asDouble(), within(0.015));
        assertThat(drawn.first()).as("of the whole vocabulary").isLessThan(5);
        assertThat(drawn.last()).isGreaterThan(vocabulary.size() - 10);
    }

    @Test
    void choosesOnlyWholeWordsWithinTheLimit() {
        TokenMasking masking = masking(true);
        for (int row = 0; row < ROWS; row++) {
            Sample before = random(row);
            int[] labels = masking.train(before, 3).labels();
            for (int[] word : masking.words(before.inputIds())) {
                assertThat(IntStream.range(word[0], word[1])
                                .mapToObj(place -> labels[place] == Sample.IGNORED)
                                .distinct())
                        .hasSize(1);
            }
            assertThat(IntStream.of(labels).filter(label -> label != Sample.IGNORED))
                    .hasSizeBetween(1, masking.wordTokens(LENGTH));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void derivesAMaskFromSeedEpochAndSample(boolean wholeWords) {
        TokenMasking masking = masking(wholeWords);
        Sample sample = random(7);
        int[] ids = sample.inputIds().clone();
        Sample first = masking.train(sample, 0);
        assertThat(masking.train(sample, 0)).isEqualTo(first);
        assertThat(sample.inputIds()).as("what it is made of stays").isEqualTo(ids);
        assertThat(masking.train(sample, 1)).isNotEqualTo(first);
        assertThat(masking(wholeWords, 2).train(sample, 0)).isNotEqualTo(first);
        assertThat(masking.train(sample(8, ids), 0).labels()).isNotEqualTo(first.labels());
        assertThat(first.index()).isEqualTo(7);
    }

    @Test
    void masksAHeldOutSampleAlikeEachTime() {
        Sample sample = random(7);
        Sample measured = masking(false).evaluate(sample);
        assertThat(masking(false, 99).evaluate(sample))
                .as("whatever the training's seed is")
                .isEqualTo(measured);
        assertThat(measured.labels())
                .isNotEqualTo(masking(false).train(sample, 0).labels());
        assertThat(masking(false).evaluate(random(8)).labels()).isNotEqualTo(measured.labels());
    }

    @Test
    void masksNothingInASampleOfSpecialTokens() {
        Sample sample = sample(0, 2, 3, 2, 1, 3);
        for (boolean wholeWords : new boolean[] {false, true}) {
            Sample after = masking(wholeWords).train(sample, 0);
            assertThat(after.inputIds()).isEqualTo(sample.inputIds());
            assertThat(after.labelledTokens()).isZero();
        }
    }
}
