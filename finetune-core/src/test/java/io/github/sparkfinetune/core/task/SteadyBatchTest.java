package io.github.sparkfinetune.core.task;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SteadyBatchTest {
    private static Sample sample(int length) {
        int[] ids = new int[length];
        Arrays.fill(ids, 7);
        return new Sample(0, ids, new int[length], -1);
    }

    private static int steps(Sample sample) {
        return (sample.length() + 15) / 16;
    }

    @Test
    void batchesOfShortSamplesHaveOneShape() {
        List<Sample> samples = new ArrayList<>();
        new Random(1).ints(500, 1, 65).forEach(length -> samples.add(sample(length)));
        List<Integer> seen = new ArrayList<>();
        for (SteadyBatch batch : SteadyBatch.of(samples)) {
            seen.addAll(batch.indices());
            int filler = batch.samples().size() - batch.indices().size();
            int steps = steps(samples.get(batch.indices().get(0)));
            assertThat(batch.samples().stream().mapToInt(Sample::length).sum()).isEqualTo(256);
            assertThat(batch.samples().subList(0, 2))
                    .extracting(Sample::length)
                    .containsExactly(16 * steps, 16 * steps - 1);
            for (int i = 0; i < batch.indices().size(); i++) {
                Sample own = batch.samples().get(filler + i);
                assertThat(own).isSameAs(samples.get(batch.indices().get(i)));
                assertThat(steps(own)).isEqualTo(steps);
            }
        }
        assertThat(seen).hasSize(500).doesNotHaveDuplicates();
    }

    @Test
    void aLongSampleIsABatchByItself() {
        List<Sample> samples = List.of(sample(65), sample(512));
        assertThat(SteadyBatch.of(samples))
                .containsExactly(
                        new SteadyBatch(List.of(0), List.of(samples.get(0))),
                        new SteadyBatch(List.of(1), List.of(samples.get(1))));
    }
}
