package io.github.sparkfinetune.core.model.batch;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The inputs of flash attention show a token the tokens that the biases show. */
class FlashInputsTest {
    @ParameterizedTest
    @CsvSource({"3, 0", "2, 2", "8, 0", "1, 1"})
    void showWhatTheBiasesShow(int before, int after) {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            long[] documents = {9, 4, 1};
            Map<String, NDArray> inputs = FlashInputs.of(manager, documents, before, after);
            Map<String, NDArray> biases = NearTokens.windows(manager, documents, before, after);
            assertThat(inputs.get("starts").toIntArray()).containsExactly(0, 9, 13, 14);
            long left = inputs.get("near").getShape().get(0) - 1;
            long right = inputs.get("near").getShape().get(2) - 1;
            for (long length : documents) {
                NDArray bias = biases.get("window." + length);
                for (int query = 0; query < length; query++) {
                    for (int key = 0; key < length; key++) {
                        // A causal layer, whose biases hide later tokens anyway, has no tokens after.
                        boolean isSeen = key >= query - left && key <= query + right;
                        boolean isVisible = bias == null ? after > 0 || key <= query : bias.getFloat(query, key) == 0;
                        assertThat(isSeen).isEqualTo(isVisible);
                    }
                }
            }
        }
    }

    @Test
    void seesAllTokensOfADocumentWithoutAWindow() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            Map<String, NDArray> inputs = FlashInputs.of(manager, new long[] {5, 5}, 0, 0);
            assertThat(inputs).containsOnlyKeys("starts");
            assertThat(inputs.get("starts").toIntArray()).containsExactly(0, 5, 10);
        }
    }
}
