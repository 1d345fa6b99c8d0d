package io.github.sparkfinetune.core.model.batch;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlashInputsTest {
    @ParameterizedTest
    @CsvSource({"3, 0", "2, 2", "0, 0"})
    void haveTheWindowAsTheSizeOfATensorWithoutValues(int before, int after) {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            Map<String, NDArray> inputs = FlashInputs.of(manager, new long[] {9, 4, 1}, before, after);
            assertThat(inputs.get("starts").toIntArray()).containsExactly(0, 9, 13, 14);
            assertThat(inputs.get("near").getShape().getShape()).containsExactly(before + 1, 0, after + 1);
        }
    }

    @Test
    void seesAllTokensOfADocumentWithoutAWindow() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            Map<String, NDArray> inputs = FlashInputs.of(manager, new long[] {5, 5}, -1, 0);
            assertThat(inputs).containsOnlyKeys("starts");
            assertThat(inputs.get("starts").toIntArray()).containsExactly(0, 5, 10);
        }
    }
}
