package io.github.sparkfinetune.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A dropout mask depends on the sample, not on its position in a batch, and drops at the rate. */
class DropoutTest {
    private static final int WIDTH = 30;
    private static final int HEADS = 3;

    private static Sample sample(int index, int length) {
        return new Sample(index, new int[length], new int[length], 0);
    }

    @Test
    void makesTheSameMaskForASampleInAnyBatchPaddingAndThreadCount() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            List<Sample> samples = List.of(sample(1, 40), sample(5, 11), sample(9, 3));
            Batch alone = TokenBatch.of(manager, samples.subList(1, 2));
            Batch among = TokenBatch.of(manager, samples);
            boolean[] small = tokens(new Dropout(1, 1), manager, alone, 3, DropoutSite.OUTPUT);
            boolean[] large = tokens(new Dropout(1, 2), manager, among, 3, DropoutSite.OUTPUT);
            assertThat(Arrays.copyOfRange(large, 40 * WIDTH, 51 * WIDTH)).isEqualTo(small);

            List<Batch.Document> calls =
                    List.of(new Batch.Document(2, 0, 16), new Batch.Document(1, 0, 16), new Batch.Document(0, 0, 40));
            Batch padded = new Batch(samples, among.ids(), among.rows(), calls, Map.of(), List.of(), among.targets());
            boolean[] narrow = probs(new Dropout(1, 1), manager, alone);
            boolean[] wide = probs(new Dropout(1, 2), manager, padded);
            for (int head = 0; head < HEADS; head++) {
                for (int q = 0; q < 11; q++) {
                    for (int k = 0; k < 11; k++) {
                        int at = ((HEADS + head) * 16 + q) * 16 + k;
                        assertThat(wide[at]).isEqualTo(narrow[(head * 11 + q) * 11 + k]);
                    }
                }
            }
        }
    }

    @Test
    void makesTheSameMaskForTheFirstTokenAlone() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            Batch batch = TokenBatch.of(manager, List.of(sample(1, 40), sample(5, 11)));
            long siteId = Dropout.siteId(3, DropoutSite.HEAD);
            boolean[] first = kept(new Dropout(1, 1).firstTokens(manager, 2, batch, siteId, 0.1, WIDTH));
            boolean[] all = kept(new Dropout(1, 1).tokens(manager, 2, batch, siteId, 0.1, WIDTH));
            assertThat(Arrays.copyOf(first, WIDTH)).isEqualTo(Arrays.copyOf(all, WIDTH));
            assertThat(Arrays.copyOfRange(first, WIDTH, 2 * WIDTH))
                    .isEqualTo(Arrays.copyOfRange(all, 40 * WIDTH, 41 * WIDTH));
        }
    }

    @Test
    void makesIndependentMasksForOtherLayersSitesAndSeeds() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            Batch batch = TokenBatch.of(manager, List.of(sample(5, 512)));
            boolean[] one = tokens(new Dropout(1, 1), manager, batch, 3, DropoutSite.OUTPUT);
            for (boolean[] other : List.of(
                    tokens(new Dropout(2, 1), manager, batch, 3, DropoutSite.OUTPUT),
                    tokens(new Dropout(1, 1), manager, batch, 4, DropoutSite.OUTPUT),
                    tokens(new Dropout(1, 1), manager, batch, 3, DropoutSite.ATTENTION_OUTPUT))) {
                int both = 0;
                for (int i = 0; i < one.length; i++) {
                    both += !one[i] && !other[i] ? 1 : 0;
                }
                // Two independent masks drop the same element at 0.1 * 0.1; five standard deviations are allowed.
                double deviation = 5 * Math.sqrt(0.01 * 0.99 / one.length);
                assertThat((double) both / one.length).isCloseTo(0.01, within(deviation));
            }
        }
    }

    @Test
    void dropsAtTheRate() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            Batch batch = TokenBatch.of(manager, List.of(sample(0, 512), sample(1, 512)));
            for (double rate : new double[] {0.05, 0.1, 0.5}) {
                long siteId = Dropout.siteId(0, DropoutSite.OUTPUT);
                NDArray mask = new Dropout(1, 1).tokens(manager, 0, batch, siteId, rate, WIDTH);
                boolean[] kept = kept(mask);
                int dropped = 0;
                for (boolean one : kept) {
                    dropped += one ? 0 : 1;
                }
                double deviation = 5 * Math.sqrt(rate * (1 - rate) / kept.length);
                assertThat((double) dropped / kept.length).isCloseTo(rate, within(deviation));
                assertThat(Dropout.scale(rate)).isCloseTo(1 / (1 - rate), within(1e-4));
            }
        }
    }

    private static boolean[] tokens(Dropout dropout, NDManager manager, Batch batch, int layer, DropoutSite site) {
        return kept(dropout.tokens(manager, 2, batch, Dropout.siteId(layer, site), 0.1, WIDTH));
    }

    private static boolean[] probs(Dropout dropout, NDManager manager, Batch batch) {
        return kept(dropout.probs(manager, 2, batch, Dropout.siteId(0, DropoutSite.PROBS), 0.1, HEADS));
    }

    private static boolean[] kept(NDArray mask) {
        byte[] factors = mask.toByteArray();
        boolean[] kept = new boolean[factors.length];
        for (int i = 0; i < kept.length; i++) {
            assertThat((int) factors[i]).isBetween(0, 1);
            kept[i] = factors[i] == 1;
        }
        return kept;
    }
}
