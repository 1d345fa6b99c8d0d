package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.RunConfig;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.ToDoubleFunction;

/** What two runs must have in common. */
final class RunAssertions {
    private static final double LOSS = 1e-5;

    private RunAssertions() {}

    /**
     * Trains by one rank, and in other ways: losses and models are the same.
     *
     * @param tolerance of a tensor's elements, by its name
     * @param more what else the outcome of another way and that of the one rank have in common
     * @param ways each the number of ranks, then settings
     */
    static void assertSameInEveryWay(
            TinyRun tiny,
            ToDoubleFunction<String> tolerance,
            BiConsumer<TinyRun.Outcome, TinyRun.Outcome> more,
            String[]... ways)
            throws Exception {
        RunConfig one = tiny.config("one");
        TinyRun.Outcome reference = tiny.run(one, 1, null);
        assertThat(reference.losses()).hasSize(10).doesNotHaveDuplicates();
        for (String[] way : ways) {
            RunConfig config =
                    tiny.config("other-" + String.join("-", way).hashCode(), Arrays.copyOfRange(way, 1, way.length));
            TinyRun.Outcome outcome = tiny.run(config, Integer.parseInt(way[0]), null);
            assertSameLosses(outcome.losses(), reference.losses());
            assertSameModel(TinyRun.model(config), TinyRun.model(one), tolerance);
            more.accept(outcome, reference);
        }
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

    /** @param tolerance of a tensor's elements, by its name */
    static void assertSameModel(
            Map<String, float[]> actual, Map<String, float[]> expected, ToDoubleFunction<String> tolerance) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, values) ->
                ModelGoldenTest.assertClose(name, actual.get(name), values, tolerance.applyAsDouble(name)));
    }

    static void assertBitEqual(Map<String, float[]> actual, Map<String, float[]> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, values) -> assertThat(actual.get(name)).as(name).isEqualTo(values));
    }
}
