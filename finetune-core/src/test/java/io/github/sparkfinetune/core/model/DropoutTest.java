package io.github.sparkfinetune.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.EncoderShape;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A mask belongs to a sample, wherever the sample stands; its rate is what it should be. */
class DropoutTest {
    private static final int WIDTH = 30;
    private static final int HEADS = 3;
    private static final EncoderShape SHAPE =
            new EncoderShape(1, WIDTH, WIDTH, HEADS, 60, 100, 512, 2, 0, 0, 1e-12, "gelu", 0.1, 0.1, 0.1, 0.1, 0.02, 0);

    private static Sample sample(int index, int length) {
        return new Sample(index, new int[length], new int[length], 0);
    }

    @Test
    void aSampleHasTheSameMaskInAnyBatchAtAnyPaddingAndByAnyNumberOfThreads() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            PaddedBatch alone = PaddedBatch.of(manager, List.of(sample(5, 11)), 0, SHAPE);
            PaddedBatch among = PaddedBatch.of(manager, List.of(sample(1, 40), sample(5, 11), sample(9, 3)), 0, SHAPE);
            boolean[] small = hidden(new Dropout(1, 1), manager, alone, 3, DropoutSite.OUTPUT);
            boolean[] large = hidden(new Dropout(1, 2), manager, among, 3, DropoutSite.OUTPUT);
            for (int i = 0; i < 11 * WIDTH; i++) {
                assertThat(large[among.length() * WIDTH + i]).isEqualTo(small[i]);
            }
            boolean[] narrow = probs(new Dropout(1, 1), manager, alone);
            boolean[] wide = probs(new Dropout(1, 2), manager, among);
            for (int head = 0; head < HEADS; head++) {
                for (int q = 0; q < 11; q++) {
                    for (int k = 0; k < 11; k++) {
                        int at = ((HEADS + head) * among.length() + q) * among.length() + k;
                        assertThat(wide[at]).isEqualTo(narrow[(head * alone.length() + q) * alone.length() + k]);
                    }
                }
            }
        }
    }

    @Test
    void masksOfOtherStepsLayersSitesAndSeedsAreUnrelated() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            PaddedBatch batch = PaddedBatch.of(manager, List.of(sample(5, 512)), 0, SHAPE);
            boolean[] one = hidden(new Dropout(1, 1), manager, batch, 3, DropoutSite.OUTPUT);
            for (boolean[] other : List.of(
                    hidden(new Dropout(2, 1), manager, batch, 3, DropoutSite.OUTPUT),
                    hidden(new Dropout(1, 1), manager, batch, 4, DropoutSite.OUTPUT),
                    hidden(new Dropout(1, 1), manager, batch, 3, DropoutSite.ATTENTION_OUTPUT))) {
                int both = 0;
                for (int i = 0; i < one.length; i++) {
                    both += !one[i] && !other[i] ? 1 : 0;
                }
                // Two independent masks drop the same element at 0.1 * 0.1; five standard deviations either way.
                double deviation = 5 * Math.sqrt(0.01 * 0.99 / one.length);
                assertThat((double) both / one.length).isCloseTo(0.01, within(deviation));
            }
        }
    }

    @Test
    void dropsAtTheRate() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            PaddedBatch batch = PaddedBatch.of(manager, List.of(sample(0, 512), sample(1, 512)), 0, SHAPE);
            for (double rate : new double[] {0.05, 0.1, 0.5}) {
                NDArray mask = new Dropout(1, 1).hidden(manager, 0, batch, 0, DropoutSite.OUTPUT, rate, 512, WIDTH);
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

    private static boolean[] hidden(
            Dropout dropout, NDManager manager, PaddedBatch batch, int layer, DropoutSite site) {
        return kept(dropout.hidden(manager, 2, batch, layer, site, 0.1, batch.length(), WIDTH));
    }

    private static boolean[] probs(Dropout dropout, NDManager manager, PaddedBatch batch) {
        return kept(dropout.probs(manager, 2, batch, 0, 0.1, HEADS));
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
