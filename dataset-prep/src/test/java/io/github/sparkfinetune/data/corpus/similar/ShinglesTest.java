package io.github.sparkfinetune.data.corpus.similar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShinglesTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "It's 3.14, isn't it?|it s 3 14 isn t it",
                "snake_case and-dashes|snake_case and dashes",
                "ÄRGER straße ΣΊΣΥΦΟΣ|ärger straße σίσυφοσ",
                "हिन्दी भाषा|हिन्दी भाषा",
                "𐐀𐐁 \uD83D\uDE00 end|𐐨𐐩 end",
            })
    void wordsAreRunsOfLettersAndDigits(String text, String words) {
        long[] hashes = Arrays.stream(words.split(" "))
                .mapToLong(word -> WordHashes.of(word)[0])
                .toArray();

        assertThat(WordHashes.of(text)).containsExactly(hashes);
    }

    @Test
    void anIdeographIsAWord() {
        assertThat(WordHashes.of("我爱java吗"))
                .containsExactly(
                        WordHashes.of("我")[0], WordHashes.of("爱")[0], WordHashes.of("java")[0], WordHashes.of("吗")[0]);
    }

    @Test
    void findsNoShinglesInATextWithoutWords() {
        assertThat(WordHashes.of("")).isEmpty();
        assertThat(WordHashes.of(" .\n—\uD800")).isEmpty();
    }

    @Test
    void equalWordsGiveEqualRuns() {
        long[] words = WordHashes.of("a b c a b c b a");
        long[] runs = WordHashes.runs(words, 3);

        assertThat(runs).hasSize(6);
        assertThat(runs[0]).isEqualTo(runs[3]);
        assertThat(Arrays.stream(runs).distinct()).hasSize(5);
        assertThat(WordHashes.runs(words, 9)).isEmpty();
        assertThat(WordHashes.runs(words, 1)[1]).isEqualTo(WordHashes.runs(words, 1)[4]);
    }

    @Test
    void givesTheJaccardSimilarityOfTheSetsOfWords() {
        Random random = new Random(5);
        for (int round = 0; round < 50; round++) {
            String[] texts = new String[2];
            List<Set<List<String>>> sets = List.of(new HashSet<>(), new HashSet<>());
            for (int i = 0; i < 2; i++) {
                String[] words = new String[random.nextInt(60)];
                Arrays.setAll(words, place -> random.nextBoolean() ? "a" : "b");
                texts[i] = String.join(" ", words);
                for (int at = 0; at + 5 <= words.length; at++) {
                    sets.get(i).add(List.of(words).subList(at, at + 5));
                }
            }
            Set<List<String>> union = new HashSet<>(sets.get(0));
            union.addAll(sets.get(1));
            int common = sets.get(0).size() + sets.get(1).size() - union.size();

            assertThat(jaccard(texts[0], texts[1])).isEqualTo(common == 0 ? 0 : (double) common / union.size());
        }
    }

    private static double jaccard(String first, String second) {
        return Shingles.jaccard(Shingles.toBytes(Shingles.of(first, 5)), Shingles.toBytes(Shingles.of(second, 5)));
    }

    @Test
    void readsASetBackFromItsBytes() {
        long[] shingles = Shingles.of("the quick brown fox jumps over the lazy dog", 5);

        assertThat(shingles).hasSize(5).isSorted();
        assertThat(Shingles.fromBytes(Shingles.toBytes(shingles))).isEqualTo(shingles);
        assertThat(Shingles.of("one two three four", 5)).isEmpty();
    }

    @Test
    void givesKeysOfTwoHashesForEachNgram() {
        NgramKeys keys = NgramKeys.of("a b c d", 3);

        assertThat(keys.size()).isEqualTo(2);
        assertThat(keys.second()).doesNotContain(keys.first());
        assertThat(NgramKeys.of("B, c D", 3).second()[0]).isEqualTo(keys.second()[1]);
    }

    /**
     * At least as many of 4,000 pairs of random sets share a band as the formula of one banding predicts; there are two
     * bandings.
     */
    @ParameterizedTest
    @CsvSource({"0.8,0.987", "0.75,0.924", "0.5,0.103"})
    void findsAPairWithTheProbabilityOfTheBands(double similarity, double probability) {
        MinHash minHash = new MinHash(14, 8, 42);
        Random random = new Random(9);
        int size = 90;
        // With |A| = |B| = 90 the similarity is common / (180 - common).
        int common = (int) Math.round(2 * size * similarity / (1 + similarity));
        int found = 0;
        int pairs = 4000;
        for (int i = 0; i < pairs; i++) {
            long[] both = random.longs(common).toArray();
            long[] a = minHash.bandKeys(with(both, random.longs(size - common).toArray()));
            long[] b = minHash.bandKeys(with(both, random.longs(size - common).toArray()));
            boolean shared = false;
            for (int band = 0; band < a.length; band++) {
                shared |= a[band] == b[band];
            }
            found += shared ? 1 : 0;
        }
        assertThat(found / (double) pairs).isCloseTo(probability, within(0.02));
    }

    private static long[] with(long[] some, long[] more) {
        long[] all = Arrays.copyOf(some, some.length + more.length);
        System.arraycopy(more, 0, all, some.length, more.length);
        return all;
    }

    @Test
    void givesNoBandsForAnEmptySet() {
        assertThat(new MinHash(14, 8, 42).bandKeys(new long[0])).isEmpty();
        assertThat(new MinHash(14, 8, 42).bandKeys(new long[] {1})).hasSize(28).doesNotHaveDuplicates();
    }
}
