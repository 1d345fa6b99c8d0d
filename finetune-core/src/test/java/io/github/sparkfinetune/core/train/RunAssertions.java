package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.RunConfig;
import java.util.List;
import java.util.Map;

/** Assertions that two runs agree. */
final class RunAssertions {
    private static final double LOSS = 1e-5;

    private static final double PARAMETER = 1e-5;

    private RunAssertions() {}

    /** Ways to compute the steps of one rank with a micro-batch of 12. */
    enum Way {
        TWO_RANKS(2, "training.per_device_train_batch_size=6"),
        THREE_RANKS(3, "training.per_device_train_batch_size=4"),
        ACCUMULATION(1, "training.per_device_train_batch_size=3", "training.gradient_accumulation_steps=4"),
        ACCUMULATION_OF_SINGLE_SAMPLES(
                1, "training.per_device_train_batch_size=1", "training.gradient_accumulation_steps=12"),
        RECOMPUTATION(1, "training.gradient_checkpointing=true");

        private final int ranks;

        @SuppressWarnings("ImmutableEnumChecker")
        private final List<String> settings;

        Way(int ranks, String... settings) {
            this.ranks = ranks;
            this.settings = List.of(settings);
        }
    }

    /**
     * Trains on one rank and in another way, and asserts that losses and models are the same.
     *
     * @return outcome of the other way, then outcome of the single rank
     */
    static List<TinyRun.Outcome> assertSame(TinyRun tiny, Way way) throws Exception {
        RunConfig one = tiny.config("one");
        TinyRun.Outcome reference = tiny.run(one, 1, null);
        assertThat(reference.losses()).hasSize(10).doesNotHaveDuplicates();
        RunConfig config = tiny.config("other", way.settings.toArray(String[]::new));
        TinyRun.Outcome outcome = tiny.run(config, way.ranks, null);
        assertSameLosses(outcome.losses(), reference.losses());
        assertSameModel(TinyRun.model(config), TinyRun.model(one));
        return List.of(outcome, reference);
    }

    static void assertSameMetrics(Map<String, Double> actual, Map<String, Double> expected, double tolerance) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, value) -> assertThat(actual.get(name)).as(name).isCloseTo(value, within(tolerance)));
    }

    static void assertSameLosses(List<Double> actual, List<Double> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.size(); i++) {
            assertThat(actual.get(i)).as("loss %d", i).isCloseTo(expected.get(i), within(LOSS * expected.get(i)));
        }
    }

    static void assertSameModel(Map<String, float[]> actual, Map<String, float[]> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, values) -> ModelGoldenTest.assertClose(name, actual.get(name), values, PARAMETER));
    }

    static void assertBitEqual(Map<String, float[]> actual, Map<String, float[]> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, values) -> assertThat(actual.get(name)).as(name).isEqualTo(values));
    }
}
