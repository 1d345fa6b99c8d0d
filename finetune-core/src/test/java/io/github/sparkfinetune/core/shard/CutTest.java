package io.github.sparkfinetune.core.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CutTest {
    private static final long[] SIZES = {3, 37 * 19, 1, 500, 5 * 4096 + 7, 7, 3L << 31};

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 64, 1000})
    void givesEveryValueToOneRankInAboutEqualShares(int ranks) {
        Cut cut = new Cut(SIZES, ranks);
        long[] next = new long[SIZES.length];
        long total = Arrays.stream(SIZES).sum();
        long before = 0;
        for (int rank = 0; rank < ranks; rank++) {
            assertThat(cut.start(rank)).isEqualTo(before);
            long size = 0;
            for (Cut.Range range : cut.of(rank)) {
                assertThat(range.from()).isEqualTo(next[range.tensor()]).isLessThan(range.to());
                assertThat(range.from() % cut.unit()).isZero();
                assertThat(range.to() == SIZES[range.tensor()] || range.to() % cut.unit() == 0)
                        .isTrue();
                next[range.tensor()] = range.to();
                size += range.size();
            }
            assertThat(cut.size(rank)).isEqualTo(size);
            assertThat(Math.abs(size - total / ranks)).isLessThanOrEqualTo(2L * cut.unit());
            before += size;
        }
        assertThat(next).isEqualTo(SIZES);
        assertThat(cut.ranks()).isEqualTo(ranks);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8, 64})
    void padsMemoryOfWholeUnitsToEqualShares(int ranks) {
        // A layer of Llama 3 8B: norms, then linears.
        long[] sizes = {4096, 4096L * 4096, 1024L * 4096, 4096L * 4096, 4096, 14336L * 4096, 14336L * 4096};
        int[] kinds = {0, 1, 1, 1, 0, 1, 1};
        Cut cut = new Cut(sizes, ranks, kinds);
        assertThat(cut.isEven()).isTrue();
        assertThat(cut.sections()).hasSize(4);
        long memory = 0;
        for (Cut.Section section : cut.sections()) {
            assertThat(section.position()).isEqualTo(memory);
            memory += section.memory();
            long share = section.memory() / ranks;
            assertThat(share * ranks).isEqualTo(section.memory());
            long values = LongStream.range(section.first(), section.end())
                    .map(tensor -> sizes[(int) tensor])
                    .sum();
            assertThat(section.memory()).isBetween(values, values + (long) ranks * cut.unit());
            for (int rank = 0; rank < ranks; rank++) {
                assertThat(section.start(rank)).isEqualTo(Math.min(values, rank * share));
                assertThat(section.start(rank) + section.size(rank)).isEqualTo(Math.min(values, (rank + 1) * share));
            }
        }
        assertThat(cut.memory()).isEqualTo(memory);
        assertThat(cut.positions()[2] - cut.positions()[1]).isEqualTo(sizes[1]);
        long[] next = new long[sizes.length];
        for (int rank = 0; rank < ranks; rank++) {
            long offset = 0;
            for (Cut.Range range : cut.of(rank)) {
                assertThat(cut.offset(rank, range)).isEqualTo(offset);
                assertThat(range.from()).isEqualTo(next[range.tensor()]);
                next[range.tensor()] = range.to();
                offset += range.size();
            }
            assertThat(cut.size(rank)).isEqualTo(offset);
        }
        assertThat(next).isEqualTo(sizes);
    }

    @Test
    void isNotEvenIfATensorEndsWithinAUnit() {
        assertThat(new Cut(new long[] {4096, 2 * 4096, 4098}, 2).isEven()).isFalse();
        assertThat(new Cut(SIZES, 3).isEven()).isFalse();
    }

    @Test
    void findsTheValuesOfRowsInAShare() {
        int[] ids = {1, 4, 5};
        assertThat(RowRange.of(ids, 10, 0, 10)).isEqualTo(new RowRange(0, 0));
        assertThat(RowRange.of(ids, 10, 13, 20)).isEqualTo(new RowRange(3, 10));
        assertThat(RowRange.of(ids, 10, 25, 42)).isEqualTo(new RowRange(10, 12));
        assertThat(RowRange.of(ids, 10, 42, 55)).isEqualTo(new RowRange(12, 25));
        assertThat(RowRange.of(ids, 10, 55, 200)).isEqualTo(new RowRange(25, 30));
    }
}
