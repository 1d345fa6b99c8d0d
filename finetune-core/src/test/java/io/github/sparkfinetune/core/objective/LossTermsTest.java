package io.github.sparkfinetune.core.objective;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The sums of several batches are read together, and outlive the batches. */
class LossTermsTest {
    @Test
    void addsUpTheSumsOfBatches() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            LossTerms first;
            LossTerms second;
            try (NDManager batches = manager.newSubManager()) {
                first = new LossTerms(batches.create(new float[] {1, 2}));
                second = new LossTerms(batches.create(new float[] {4, 8}));
                first.keep(manager);
                second.keep(manager);
            }
            assertThat(LossTerms.sums(List.of(first, second))).containsExactly(5, 10);
            assertThat(LossTerms.sums(List.of(first))).containsExactly(1, 2);
            LossTerms exact = new LossTerms(manager.create(new double[] {0.1}));
            assertThat(LossTerms.sums(List.of(exact, exact))).containsExactly(0.1 + 0.1);
        }
        assertThat(LossTerms.sums(List.of())).isEmpty();
    }
}
