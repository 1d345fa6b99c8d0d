package io.github.sparkfinetune.spark.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.data.task.ContentHash;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class ContaminationTest {
    private static final int N = 13;

    private final Random random = new Random(11);
    private final List<String> held = Documents.words(random, 60);

    private static Map<ContentHash, ContentHash> contaminated(
            List<String> training, List<String> heldOut, int partitions, long bits) {
        try (RemovedDocuments found = Contamination.find(
                Documents.session(partitions),
                Documents.rdd(training, partitions),
                Documents.rdd(heldOut, partitions),
                N,
                bits)) {
            Map<ContentHash, ContentHash> documents =
                    new HashMap<>(found.documents().collectAsMap());
            assertThat(found.count()).isEqualTo(documents.size());
            return documents;
        }
    }

    private static Map<ContentHash, ContentHash> contaminated(List<String> training, List<String> heldOut) {
        return contaminated(training, heldOut, 2, Membership.MOST_BITS);
    }

    /** Returns a document that shares this many consecutive words with the held-out document. */
    private String document(int shared) {
        List<String> words = Documents.words(random, 50);
        words.addAll(20, held.subList(10, 10 + shared));
        return Documents.text(words);
    }

    @Test
    void findsThirteenSharedWordsButNotTwelve() {
        String heldOut = Documents.text(held);
        String contaminated = document(13);
        String whole = heldOut + " and more";
        String clean = document(12);

        Map<ContentHash, ContentHash> found = contaminated(List.of(clean, contaminated, whole), List.of(heldOut));

        ContentHash row = Documents.hash(heldOut);
        assertThat(found).isEqualTo(Map.of(Documents.hash(contaminated), row, Documents.hash(whole), row));
    }

    @Test
    void ignoresPunctuationAndCase() {
        String shouted = "“" + document(20).toUpperCase(Locale.ROOT).replace(" ", ", ") + "!”";

        assertThat(contaminated(List.of(shouted), List.of(Documents.text(held))))
                .containsKey(Documents.hash(shouted));
    }

    @Test
    void findsAHeldOutTextShorterThanAnNgramNowhere() {
        String few = Documents.text(held.subList(0, 12));

        assertThat(contaminated(List.of(few, few + " " + few), List.of(few, "")))
                .isEmpty();
    }

    @Test
    void namesTheSmallestOfSeveralHeldOutTexts() {
        List<String> heldOut = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            heldOut.add(Documents.text(held) + " " + i);
        }
        String training = document(30);
        ContentHash smallest = heldOut.stream()
                .map(Documents::hash)
                .min((a, b) -> DocumentId.of(a).compareTo(DocumentId.of(b)))
                .orElseThrow();

        assertThat(contaminated(List.of(training), heldOut)).containsEntry(Documents.hash(training), smallest);
    }

    /** A filter of 64 bits passes everything, so the join alone decides. */
    @Test
    @Tag("full")
    void findsTheSameForAnyNumberOfPartitionsAndWithAFullFilter() {
        List<String> training = new ArrayList<>();
        List<String> heldOut = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            List<String> words = Documents.words(random, 40);
            heldOut.add(Documents.text(words));
            List<String> other = Documents.words(random, 40);
            other.addAll(7, words.subList(3, 3 + i % 26));
            training.add(Documents.text(other));
        }

        Map<ContentHash, ContentHash> one = contaminated(training, heldOut, 1, Membership.MOST_BITS);

        assertThat(one).hasSize((int) training.stream()
                .filter(text -> text.split(" ").length >= 40 + N)
                .count());
        assertThat(contaminated(training, heldOut, Documents.MANY_PARTITIONS, Membership.MOST_BITS))
                .isEqualTo(one);
        assertThat(contaminated(training, heldOut, 3, 64)).isEqualTo(one);
    }

    /** A document in three places is removed in all its partitions. */
    @Test
    void returnsRemovedDocumentsByPartition() {
        String twice = document(13);
        List<List<String>> partitions = List.of(
                List.of(document(2), twice, document(20)), List.of(document(1)), List.of(twice, twice), List.of());
        JavaSparkContext context =
                JavaSparkContext.fromSparkContext(Documents.spark().sparkContext());
        JavaRDD<String> texts =
                context.parallelize(partitions, partitions.size()).flatMap(List::iterator);
        JavaRDD<HashedText> documents = texts.map(text -> new HashedText(Documents.hash(text), text));

        try (RemovedDocuments found =
                Contamination.find(Documents.spark(), documents, Documents.rdd(List.of(Documents.text(held)), 1), N)) {
            List<Set<ContentHash>> within = found.within(documents.map(HashedText::hash))
                    .map(removed -> Set.copyOf(removed.keySet()))
                    .collect();

            ContentHash both = Documents.hash(twice);
            ContentHash other = Documents.hash(partitions.get(0).get(2));
            assertThat(within).containsExactly(Set.of(both, other), Set.of(), Set.of(both), Set.of());
        }
    }

    @Test
    void findsNothingWithoutHeldOutTexts() {
        assertThat(contaminated(List.of(Documents.text(held)), List.of())).isEmpty();
    }
}
