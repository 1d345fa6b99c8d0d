package io.github.sparkfinetune.core.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingOrderTest {
    private static final List<Integer> ROW_GROUPS = List.of(5, 1, 11, 6);
    private static final int SAMPLES = 23;
    private static final int EPOCHS = 3;

    private static TrainingOrder order(int ranks, int batch) {
        return order(ranks, batch, ROW_GROUPS);
    }

    private static TrainingOrder order(int ranks, int batch, List<Integer> rowGroups) {
        return TrainingOrder.of(config(ranks, batch), rowGroups);
    }

    private static RunConfig config(int ranks, int batch, String... more) {
        List<String> settings = new ArrayList<>(List.of(
                "cluster.ranks=" + ranks,
                "training.num_train_epochs=" + EPOCHS,
                "training.per_device_train_batch_size=" + batch));
        settings.addAll(List.of(more));
        return RunConfigLoader.parse(
                "model: m\ntask: causal-lm\ndata: {train: t}\noutput: {dir: o}\n", "test.yaml", settings);
    }

    @Test
    void tellsNothingOfThePrivateUsesOfASample() {
        assertThat(TrainingOrder.uses(config(1, 6), ROW_GROUPS, Set.of(3L)).get(3L))
                .hasSize(EPOCHS);

        RunConfig privately = config(1, 6, "method.type=lora", "training.privacy.target_epsilon=8");
        assertThat(TrainingOrder.uses(privately, ROW_GROUPS, Set.of(3L))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void usesEverySampleOnceAnEpochForAnyNumberOfRanks(int ranks) {
        // Six samples per step for any number of ranks; the last of four steps has five.
        List<TrainingOrder.Use> uses = order(ranks, 6 / ranks)
                .uses(Set.copyOf(LongStream.range(0, SAMPLES).boxed().toList()), ranks);

        assertThat(uses).hasSize(EPOCHS * SAMPLES);
        for (int epoch = 1; epoch <= EPOCHS; epoch++) {
            int currentEpoch = epoch;
            Set<Long> samples = new TreeSet<>();
            uses.stream().filter(use -> use.epoch() == currentEpoch).forEach(use -> {
                samples.add(use.index());
                assertThat(use.step()).isBetween(4L * (currentEpoch - 1) + 1, 4L * currentEpoch);
                assertThat(use.rank()).isBetween(0, ranks - 1);
            });
            assertThat(samples).hasSize(SAMPLES);
        }
        assertThat(uses).extracting(TrainingOrder.Use::step).isSorted();
        assertThat(uses)
                .extracting(TrainingOrder.Use::index)
                .as("the order of one rank")
                .isEqualTo(indicesOfOneRank());
    }

    private static List<Long> indicesOfOneRank() {
        List<Long> indices = new ArrayList<>();
        TrainingOrder order = order(1, 6);
        for (long step = 0; step < 4 * EPOCHS; step++) {
            LongStream.of(order.indexes(step, 0, 1)).forEach(indices::add);
        }
        return indices;
    }

    private static final int MANY = 6400;
    private static final int ROWS = 20;

    private static List<Integer> manyRowGroups() {
        List<Integer> rowGroups = new ArrayList<>(Collections.nCopies(MANY, ROWS));
        // The last row group of a shard may have any length, and the last step of an epoch may be short.
        rowGroups.set(17, 3);
        rowGroups.set(4000, 11);
        return rowGroups;
    }

    /** Returns the number of row groups that a rank loads in an epoch if the last four stay in memory. */
    private static int loads(TrainingOrder order, int rank, int ranks, int samples, long batch) {
        Map<Integer, Boolean> cache = new LinkedHashMap<>(8, 0.75f, true);
        long[] ends = manyRowGroups().stream().mapToLong(Integer::longValue).toArray();
        Arrays.parallelPrefix(ends, Long::sum);
        int loads = 0;
        for (long step = 0; step * batch < samples; step++) {
            for (long index : order.indexes(step, rank, ranks)) {
                int found = Arrays.binarySearch(ends, index + 1);
                int group = found < 0 ? -found - 1 : found;
                if (cache.put(group, true) == null) {
                    loads++;
                }
                if (cache.size() > 4) {
                    cache.remove(cache.keySet().iterator().next());
                }
            }
        }
        return loads;
    }

    @Test
    void readsOnlyAShareOfTheRowGroupsOnEachRank() {
        int samples = manyRowGroups().stream().mapToInt(Integer::intValue).sum();
        int ranks = 64;
        TrainingOrder order = order(ranks, 8, manyRowGroups());
        for (int rank : new int[] {0, 1, 31, 63}) {
            assertThat(loads(order, rank, ranks, samples, 8L * ranks))
                    .as("rank %d", rank)
                    .isLessThanOrEqualTo(MANY / ranks * 12 / 10);
        }
        assertThat(loads(order(1, 512, manyRowGroups()), 0, 1, samples, 512)).isLessThanOrEqualTo(MANY + 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 64})
    void usesEverySampleOfManyRowGroupsOnceAnEpoch(int ranks) {
        int samples = manyRowGroups().stream().mapToInt(Integer::intValue).sum();
        TrainingOrder order = order(ranks, 7, manyRowGroups());
        BitSet used = new BitSet(samples);
        long batch = 7L * ranks;
        long count = 0;
        for (long step = 0; step * batch < samples; step++) {
            List<Long> whole = new ArrayList<>();
            for (int rank = 0; rank < ranks; rank++) {
                LongStream.of(order.indexes(step, rank, ranks)).forEach(whole::add);
            }
            assertThat(whole).as("with another number of ranks").isEqualTo(indicesOfTwoRanks(order, step));
            whole.forEach(index -> used.set(Math.toIntExact(index)));
            count += whole.size();
        }
        assertThat(used.cardinality()).isEqualTo(samples);
        assertThat(count).isEqualTo(samples);
    }

    private static List<Long> indicesOfTwoRanks(TrainingOrder order, long step) {
        return LongStream.concat(LongStream.of(order.indexes(step, 0, 2)), LongStream.of(order.indexes(step, 1, 2)))
                .boxed()
                .toList();
    }
}
