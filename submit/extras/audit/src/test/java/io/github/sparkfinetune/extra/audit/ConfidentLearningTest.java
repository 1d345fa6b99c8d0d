package io.github.sparkfinetune.extra.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ConfidentLearningTest {

    /** {@code submit/bench/peers/cleanlab_golden.py} writes the file with cleanlab 2.9. */
    @Test
    void findsTheIssuesAndMarginsOfCleanlab() throws IOException {
        JsonNode golden;
        try (InputStream file = ConfidentLearningTest.class.getResourceAsStream("/cleanlab.json")) {
            golden = JsonFiles.MAPPER.readTree(file);
        }
        double[][] probabilities = JsonFiles.MAPPER.convertValue(golden.get("probabilities"), double[][].class);
        int[] given = JsonFiles.MAPPER.convertValue(golden.get("given"), int[].class);
        double[] thresholds = IntStream.range(0, probabilities[0].length)
                .mapToDouble(label -> IntStream.range(0, given.length)
                        .filter(row -> given[row] == label)
                        .mapToDouble(row -> probabilities[row][label])
                        .average()
                        .orElseThrow())
                .toArray();
        ConfidentLearning learning = new ConfidentLearning(thresholds);

        assertThat(IntStream.range(0, given.length).mapToObj(row -> learning.isWrong(probabilities[row], given[row])))
                .containsExactly(JsonFiles.MAPPER.convertValue(golden.get("issues"), Boolean[].class))
                .contains(true, false);
        assertThat(IntStream.range(0, given.length)
                        .mapToDouble(row -> ConfidentLearning.margin(probabilities[row], given[row]))
                        .toArray())
                .containsExactly(
                        Arrays.copyOf(
                                JsonFiles.MAPPER.convertValue(golden.get("margins"), double[].class), given.length),
                        within(1e-9));
    }

    @Test
    void suggestsTheFirstOfEquallyProbableOthers() {
        assertThat(ConfidentLearning.other(new double[] {0.2, 0.4, 0.4}, 0)).isEqualTo(1);
        assertThat(ConfidentLearning.other(new double[] {0.6, 0.2, 0.2}, 0)).isEqualTo(1);
        assertThat(ConfidentLearning.other(new double[] {0.2, 0.2, 0.6}, 2)).isZero();
    }

    @Test
    void hasNoWrongRowWhereNoLabelIsConfident() {
        assertThat(new ConfidentLearning(new double[] {0.9, 0.9}).isWrong(new double[] {0.3, 0.7}, 0))
                .isFalse();
        assertThat(new ConfidentLearning(new double[] {0.9, 0.7}).isWrong(new double[] {0.3, 0.7}, 0))
                .isTrue();
    }
}
