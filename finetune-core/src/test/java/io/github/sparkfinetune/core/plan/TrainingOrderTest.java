package io.github.sparkfinetune.core.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingOrderTest {
    private static final List<Integer> ROW_GROUPS = List.of(5, 1, 11, 6);
    private static final int SAMPLES = 23;
    private static final int EPOCHS = 3;

    private static TrainingOrder order(int ranks, int batch) {
        RunConfig config = RunConfigLoader.parse(
                "model: m\ntask: causal-lm\ndata: {train: t}\noutput: {dir: o}\n",
                "test.yaml",
                List.of(
                        "cluster.ranks=" + ranks,
                        "training.num_train_epochs=" + EPOCHS,
                        "training.per_device_train_batch_size=" + batch));
        return TrainingOrder.of(config, ROW_GROUPS);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void everySampleIsUsedOnceAnEpochHoweverManyRanksThereAre(int ranks) {
        // Six samples a step, whatever the ranks: the last of four steps has five.
        List<TrainingOrder.Use> uses = order(ranks, 6 / ranks)
                .uses(Set.copyOf(LongStream.range(0, SAMPLES).boxed().toList()), ranks);

        assertThat(uses).hasSize(EPOCHS * SAMPLES);
        for (int epoch = 1; epoch <= EPOCHS; epoch++) {
            int wanted = epoch;
            Set<Long> samples = new TreeSet<>();
            uses.stream().filter(use -> use.epoch() == wanted).forEach(use -> {
                samples.add(use.index());
                assertThat(use.step()).isBetween(4L * (wanted - 1) + 1, 4L * wanted);
                assertThat(use.rank()).isBetween(0, ranks - 1);
            });
            assertThat(samples).hasSize(SAMPLES);
        }
        assertThat(uses).extracting(TrainingOrder.Use::step).isSorted();
        assertThat(uses)
                .extracting(TrainingOrder.Use::index)
                .as("the order of one rank")
                .isEqualTo(inOrder());
    }

    private static List<Long> inOrder() {
        List<Long> indexes = new ArrayList<>();
        TrainingOrder order = order(1, 6);
        for (long step = 0; step < 4 * EPOCHS; step++) {
            LongStream.of(order.indexes(step, 0, 1)).forEach(indexes::add);
        }
        return indexes;
    }
}
