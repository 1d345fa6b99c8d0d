package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Products in BF16 read copies of the adapters, which follow the optimizer. */
class AdapterCastsTest {
    @TempDir
    private Path folder;

    @Test
    void copiesFollowTheOptimizer() throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "llama-tied", config -> {});
        String[] settings = {"precision=bf16", "method.type=lora", "method.target_modules=all-linear"};
        try (TinyDecoder decoder = TinyDecoder.toTrain(base, settings)) {
            TrainStep step = decoder.step(DropoutMasks.none(), false);
            int[] ids = IntStream.range(5, 21).toArray();
            List<List<Sample>> parts = List.of(List.of(Sample.ofDocuments(0, ids, ids, ids.length)));
            for (int completed = 0; completed < 3; completed++) {
                assertCopies(decoder);
                TrainStep.Outcome outcome = step.gradient(completed, parts, false, () -> false, () -> {});
                step.update(completed + 1, 0.1, outcome.gradNorm());
            }
            assertCopies(decoder);
        }
    }

    private static void assertCopies(TinyDecoder decoder) {
        Block block = decoder.model().blocks().stream()
                .filter(each -> each.kind() == BlockKind.LAYER)
                .findFirst()
                .orElseThrow();
        assertThat(block.adapters()).isNotEmpty();
        Map<String, NDArray> weights = block.weights();
        block.adapters().forEach((linear, module) -> {
            assertCopy(decoder, weights.get(linear + ".cast_A"), weights.get(linear + ".lora_A"), 1);
            assertCopy(decoder, weights.get(linear + ".scaled_B"), weights.get(linear + ".lora_B"), module.scaling());
        });
    }

    /** Asserts that a copy has the values times a factor, rounded to 8 bits. */
    private static void assertCopy(TinyDecoder decoder, NDArray copy, NDArray values, double factor) {
        try (NDManager owner = decoder.manager.newSubManager()) {
            float[] actual =
                    decoder.model().script().callOne(owner, "f32", copy).toFloatArray();
            float[] expected = values.toFloatArray();
            for (int i = 0; i < expected.length; i++) {
                double exact = factor * expected[i];
                assertThat(Math.abs(actual[i] - exact)).isLessThanOrEqualTo(Math.abs(exact) / 256);
            }
        }
    }
}
