package io.github.sparkfinetune.data.corpus.similar;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ShingleIndexTest {
    @Test
    void agreesWithTheJaccardSimilarityOfEachPair() {
        SplittableRandom random = new SplittableRandom(1);
        List<long[]> sets = Stream.generate(() -> set(random)).limit(30).toList();
        ShingleIndex index = new ShingleIndex(sets, 0.3);
        int similar = 0;
        for (int i = 0; i < 300; i++) {
            long[] set = set(random);
            byte[] bytes = Shingles.toBytes(set);
            boolean expected = sets.stream().anyMatch(other -> Shingles.jaccard(Shingles.toBytes(other), bytes) >= 0.3);
            assertThat(index.hasSimilar(set)).isEqualTo(expected);
            similar += expected ? 1 : 0;
        }
        assertThat(similar).isBetween(50, 250);
    }

    private static long[] set(SplittableRandom random) {
        return random.longs(random.nextInt(12), 0, 30).sorted().distinct().toArray();
    }

    @Test
    void findsNothingSimilarToAnEmptySet() {
        assertThat(new ShingleIndex(List.of(new long[0], new long[] {1}), 0.1).hasSimilar(new long[0]))
                .isFalse();
    }
}
