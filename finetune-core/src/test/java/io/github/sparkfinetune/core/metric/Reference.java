package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.StreamSupport;

/** Values of the reference libraries in {@code metric/reference.json}, and comparisons with them. */
final class Reference {
    private static final double TOLERANCE = 1e-9;

    private Reference() {}

    /** Returns the cases of a section; at least one. */
    static List<JsonNode> cases(String section) {
        try {
            List<JsonNode> cases = cases(new ObjectMapper()
                    .readTree(Reference.class.getResource("/metric/reference.json"))
                    .get(section));
            assertThat(cases).isNotEmpty();
            return cases;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the elements of an array. */
    static List<JsonNode> cases(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).toList();
    }

    static void close(double actual, JsonNode expected) {
        assertThat(expected.isNumber()).isTrue();
        if (Double.isNaN(expected.doubleValue())) {
            assertThat(actual).isNaN();
            return;
        }
        // The tolerance is relative for values above 1.
        double scale = Math.max(1, Math.abs(expected.doubleValue()));
        assertThat(actual).isCloseTo(expected.doubleValue(), within(TOLERANCE * scale));
    }

    /**
     * Compares all metrics of a case, and asserts that there are no other metrics.
     *
     * @param inputs keys that are no metrics
     */
    static void close(Map<String, Double> actual, JsonNode expected, Set<String> inputs) {
        List<String> names = new ArrayList<>();
        expected.fieldNames().forEachRemaining(names::add);
        names.removeAll(inputs);
        assertThat(actual).containsOnlyKeys(names);
        names.forEach(name -> assertThat(actual).hasEntrySatisfying(name, value -> close(value, expected.get(name))));
    }

    static void close(PrecisionRecall actual, JsonNode expected) {
        close(actual.precision(), expected.get("precision"));
        close(actual.recall(), expected.get("recall"));
        close(actual.f1(), expected.has("f1") ? expected.get("f1") : expected.get("f1-score"));
    }

    static double[] doubles(JsonNode array) {
        return cases(array).stream().mapToDouble(JsonNode::doubleValue).toArray();
    }

    static float[] floats(JsonNode array) {
        double[] values = doubles(array);
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    static boolean[] booleans(JsonNode array) {
        double[] values = doubles(array);
        boolean[] booleans = new boolean[values.length];
        for (int i = 0; i < booleans.length; i++) {
            booleans[i] = values[i] == 1;
        }
        return booleans;
    }

    static List<String> texts(JsonNode array) {
        return cases(array).stream().map(JsonNode::textValue).toList();
    }
}
