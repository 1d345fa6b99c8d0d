package io.github.sparkfinetune.spark.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.spark.StageFigures;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Rows and bytes of near-deduplication where one page is most of the corpus. */
@Timeout(600)
class NearDuplicatesAtScaleTest {
    private static final NearDuplicates.Options OPTIONS = new NearDuplicates.Options(5, 14, 8, 0.75, 42);
    private static final int BANDS = 28;
    private static final int PARTITIONS = 4;

    private final Random random = new Random(3);
    private final Map<ContentHash, ContentHash> removed = new HashMap<>();

    private StageFigures find(List<String> texts) throws Exception {
        return StageFigures.of(Documents.spark(), () -> {
            try (NearDuplicates found =
                    NearDuplicates.find(Documents.spark(), Documents.rdd(texts, PARTITIONS), OPTIONS, PARTITIONS)) {
                removed.putAll(found.removed().documents().collectAsMap());
            }
        });
    }

    @Test
    void bandsHoldACopiedPageOnceAPartition() throws Exception {
        List<String> words = Documents.words(random, 60);
        List<String> texts = new ArrayList<>(Collections.nCopies(1_000, Documents.text(words)));
        texts.add(Documents.text(Documents.replaced(random, words, 1)));
        for (int i = 0; i < 50; i++) {
            texts.add(Documents.text(Documents.words(random, 30)));
        }

        StageFigures figures = find(texts);

        assertThat(removed).as("the page and its near-duplicate").hasSize(1);
        // Each partition has the page in each band. The other shuffles hold a row per document or pair.
        assertThat(figures.shuffledRows()).isLessThan(2L * BANDS * (PARTITIONS + 51));
    }

    /** The document with the smallest hash is the parent of all others, in each band. */
    @Test
    void comparesThePairsOfACommonParentInAllPartitions() throws Exception {
        List<String> words = Documents.words(random, 500);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            texts.add(Documents.text(Documents.replaced(random, words, 1)));
        }

        StageFigures figures = find(texts);

        assertThat(removed).hasSize(199);
        assertThat(removed.values()).containsOnly(removed.values().iterator().next());
        // One task would read all pairs of the parent if pairs lay where their parent lies.
        assertThat(figures.mostRowsOfATask()).isLessThan(BANDS * 199);
    }
}
