package io.github.sparkfinetune.core.metric;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Metrics of parts, such as ranks or partitions, sum up for any distribution of samples and any order of the parts. */
class MetricsOfPartsTest {
    private static final int SAMPLES = 60;

    @ParameterizedTest
    @MethodSource
    void sumsPartsToTheWhole(RandomMetrics.Kind kind, int count) {
        Random random = new Random(count);
        Metrics whole = kind.none();
        List<Metrics> parts =
                new ArrayList<>(Stream.generate(kind::none).limit(count).toList());
        for (int sample = 0; sample < SAMPLES; sample++) {
            kind.add(whole, sample);
            kind.add(parts.get(random.nextInt(count)), sample);
        }
        // A partition may be empty.
        parts.add(kind.none());
        Collections.shuffle(parts, random);

        Metrics together = kind.none()
                .ofParts(
                        parts.stream().map(Metrics::counts).toList(),
                        parts.stream().map(Metrics::observations).toList());
        RandomMetrics.assertSame(together.values(), whole.values());
        assertThat(together.confusion()).isDeepEqualTo(whole.confusion());
        assertThat(together.byLabel()).isEqualTo(whole.byLabel());
    }

    static Stream<Arguments> sumsPartsToTheWhole() {
        return Stream.of(RandomMetrics.Kind.values())
                .flatMap(kind -> Stream.of(1, 2, 3, 7).map(count -> Arguments.of(kind, count)));
    }

    @ParameterizedTest
    @EnumSource
    void returnsCopiesOfCountsAndObservations(RandomMetrics.Kind kind) {
        Metrics metrics = kind.none();
        kind.add(metrics, 1);
        kind.add(metrics, 2);
        double[] counts = metrics.counts();
        double[] observations = metrics.observations();
        Metrics other = metrics.of(counts, observations);
        kind.add(metrics, 3);

        assertThat(counts).isEqualTo(other.counts());
        assertThat(observations).isEqualTo(other.observations());
        Arrays.fill(counts, -1);
        Arrays.fill(observations, -1);
        Metrics again = kind.none();
        kind.add(again, 1);
        kind.add(again, 2);
        RandomMetrics.assertSame(other.values(), again.values());
    }

    @Test
    void givesAllMetricsDistinctNames() {
        assertThat(List.of(
                        ClassificationMetrics.all(),
                        MultiLabelMetrics.all(),
                        RegressionMetrics.all(),
                        SequenceLabelingMetrics.all(),
                        QuestionAnsweringMetrics.all(),
                        MaskedLanguageModelMetrics.all()))
                .allSatisfy(all -> assertThat(all)
                        .extracting(Metric::name)
                        .doesNotHaveDuplicates()
                        .startsWith("loss"));
    }
}
