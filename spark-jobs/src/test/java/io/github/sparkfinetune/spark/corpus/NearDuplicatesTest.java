package io.github.sparkfinetune.spark.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.data.task.ContentHash;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class NearDuplicatesTest {
    private static final NearDuplicates.Options OPTIONS = new NearDuplicates.Options(5, 14, 8, 0.75, 42);

    private final Random random = new Random(7);

    private static Map<ContentHash, ContentHash> removed(List<String> texts, int partitions) {
        try (NearDuplicates found =
                NearDuplicates.find(Documents.spark(), Documents.rdd(texts, partitions), OPTIONS, partitions)) {
            Map<ContentHash, ContentHash> removed =
                    new HashMap<>(found.removed().documents().collectAsMap());
            assertThat(found.removed().count()).isEqualTo(removed.size());
            return removed;
        }
    }

    private static Map<ContentHash, ContentHash> removed(List<String> texts) {
        return removed(texts, 3);
    }

    /** Returns the smallest hash in the order of the hexadecimal text. */
    private static ContentHash smallest(List<String> texts) {
        return texts.stream()
                .map(Documents::hash)
                .min(Comparator.comparing(
                        hash -> String.format(Locale.ROOT, "%016x%016x", hash.first(), hash.second())))
                .orElseThrow();
    }

    private static void assertCollapses(List<String> texts, Map<ContentHash, ContentHash> removed) {
        ContentHash survivor = smallest(texts);
        Map<ContentHash, ContentHash> expected = new HashMap<>();
        texts.stream()
                .map(Documents::hash)
                .filter(hash -> !hash.equals(survivor))
                .forEach(hash -> expected.put(hash, survivor));
        assertThat(removed).containsAllEntriesOf(expected).doesNotContainKey(survivor);
    }

    /**
     * 49 words have 45 shingles, and a replaced word changes 5 of them. One replaced word gives the similarity 40/50,
     * two give 35/55.
     */
    @Test
    void findsPlantedNearDuplicatesAndNothingElse() {
        List<String> texts = new ArrayList<>();
        List<List<String>> alike = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            List<String> words = Documents.words(random, 49);
            texts.add(Documents.text(words));
            texts.add(Documents.text(Documents.replaced(random, words, i % 2 == 0 ? 1 : 2)));
            if (i % 2 == 0) {
                alike.add(texts.subList(2 * i, 2 * i + 2).stream().toList());
            }
        }

        Map<ContentHash, ContentHash> removed = removed(texts);

        List<Map.Entry<ContentHash, ContentHash>> right = new ArrayList<>();
        for (List<String> pair : alike) {
            ContentHash survivor = smallest(pair);
            pair.stream()
                    .map(Documents::hash)
                    .filter(hash -> survivor.equals(removed.get(hash)))
                    .forEach(hash -> right.add(Map.entry(hash, survivor)));
        }
        assertThat(right.size() / (double) alike.size()).as("recall").isGreaterThanOrEqualTo(0.95);
        assertThat(right.size() / (double) removed.size()).as("precision").isGreaterThanOrEqualTo(0.99);
    }

    @Test
    @Tag("full")
    void keepsTheSameForAnyNumberOfPartitions() {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            List<String> words = Documents.words(random, 49 + i);
            texts.add(Documents.text(words));
            for (int j = 0; j < i % 4; j++) {
                words = Documents.replaced(random, words, 1);
                texts.add(Documents.text(words));
            }
        }

        Map<ContentHash, ContentHash> one = removed(texts, 1);

        assertThat(one).hasSizeBetween(130, 150);
        assertThat(removed(texts, Documents.MANY_PARTITIONS)).isEqualTo(one);
    }

    @Test
    void collapsesAChain() {
        List<String> chain = new ArrayList<>();
        List<String> words = Documents.words(random, 200);
        for (int i = 0; i < 40; i++) {
            words.set(5 * i, "y" + i);
            chain.add(Documents.text(words));
        }

        assertCollapses(chain, removed(chain));
    }

    /** More documents than a bucket pairs with each other. */
    @Test
    @Tag("full")
    void collapsesManyNearDuplicates() {
        List<String> words = Documents.words(random, 200);
        List<String> many = IntStream.range(0, 300)
                .mapToObj(i -> Documents.text(Documents.replaced(random, words, 2)))
                .toList();

        try (NearDuplicates found = NearDuplicates.find(Documents.spark(), Documents.rdd(many, 2), OPTIONS)) {
            assertCollapses(many, found.removed().documents().collectAsMap());
            assertThat(found.counts().candidates()).isLessThan(28L * 300 + 28 * 496);
        }
    }

    /**
     * Letters share 84 of their 104 words, and thus all buckets of bands with minima in these words. Two letters share
     * 9 more words.
     */
    @Test
    @Tag("full")
    void findsPairsOfLettersThatShareAForm() {
        List<String> form = Documents.words(random, 84);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            List<String> both = new ArrayList<>(form);
            both.addAll(Documents.words(random, 9));
            for (int j = 0; j < 2; j++) {
                List<String> letter = new ArrayList<>(both);
                letter.addAll(Documents.words(random, 11));
                texts.add(Documents.text(letter));
            }
        }

        Map<ContentHash, ContentHash> removed = removed(texts);

        assertThat(removed).hasSizeBetween(340, 400);
        for (int i = 0; i < texts.size(); i += 2) {
            ContentHash a = Documents.hash(texts.get(i));
            ContentHash b = Documents.hash(texts.get(i + 1));
            assertThat(removed.getOrDefault(a, b)).isEqualTo(b);
            assertThat(removed.getOrDefault(b, a)).isEqualTo(a);
        }
    }

    @Test
    void ignoresPunctuationCaseAndBlanks() {
        List<String> texts = List.of("One two, three: four five (six).", "one TWO three\nfour  five six");

        assertCollapses(texts, removed(texts));
    }

    @Test
    void treatsEqualDocumentsAsOne() {
        String text = Documents.text(Documents.words(random, 30));

        assertThat(removed(List.of(text, text, text))).isEmpty();
    }

    @Test
    void keepsDocumentsWithoutAShingle() {
        assertThat(removed(List.of("", " ", ".", "a b c d", "a b c d.", "A B C D", "a b c")))
                .isEmpty();
        assertThat(removed(List.of("", "a b c d e", "a b c d"))).isEmpty();
    }

    @Test
    void findsNothingWithoutDocuments() {
        assertThat(removed(List.of())).isEmpty();
    }
}
