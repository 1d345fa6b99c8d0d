package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** What two runs must have in common. */
final class RunAssertions {
    private static final double LOSS = 1e-5;

    private RunAssertions() {}

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
