package io.github.sparkfinetune.core.optim;

import static io.github.sparkfinetune.core.optim.TensorMemory.floats;
import static io.github.sparkfinetune.core.optim.TensorMemory.randomize;
import static io.github.sparkfinetune.core.optim.TensorMemory.write;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.arch.WeightSpec.Kind;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An embedding table whose gradient is stored as rows is updated as with a dense gradient. */
class TableRowsTest {
    private static final TrainingConfig TRAINING = RunConfigLoader.parse(
                    "{model: m, task: classification, data: {train: t}, output: {dir: o}}",
                    "test",
                    List.of("training.weight_decay=0.01", "training.adam_epsilon=1.0e-6"))
            .training();

    /**
     * Updates tables of two windows and part of a third, with row widths that fill a CPU's vectors or not, and tables
     * of less than one window.
     */
    @ParameterizedTest
    @CsvSource({"10000, 60, 1", "9000, 64, 2", "9000, 61, 3", "9000, 61, 7", "50, 8, 1", "50, 8, 2"})
    void updatesToTheSameBits(int vocabulary, int width, int ranks) throws Exception {
        Torch.start(2);
        try (NDManager manager = Torch.manager(-1)) {
            ParameterGradient whole =
                    table(manager, vocabulary, width, new Gradient.Dense(manager.zeros(new Shape(vocabulary, width))));
            Gradient.LookedUp[] step = new Gradient.LookedUp[1];
            ParameterGradient byRows = table(manager, vocabulary, width, new Gradient.Rows(() -> step[0], width, 0));
            Optimizer reference = new AdamW(manager, TRAINING, List.of(whole));
            List<Optimizer> parts = new ArrayList<>();
            for (List<ParameterGradient> share : ParameterShares.of(manager, List.of(byRows), ranks)) {
                parts.add(new AdamW(manager, TRAINING, share));
            }
            for (int number = 1; number <= 4; number++) {
                step[0] = rows(manager, number == 3 ? new int[0] : ids(vocabulary, number), width, number);
                write(whole.gradient().dense(), DenseGradient.values(byRows));
                reference.step(manager, number, 1e-2, 1.7);
                for (Optimizer part : parts) {
                    part.step(manager, number, 1e-2, 1.7);
                }
                assertThat(floats(byRows.parameter().value()))
                        .as("after step %d", number)
                        .isEqualTo(floats(whole.parameter().value()));
            }
        }
    }

    private static ParameterGradient table(NDManager manager, int vocabulary, int width, Gradient gradient) {
        NDArray value = manager.zeros(new Shape(vocabulary, width));
        randomize(value, 1);
        return new ParameterGradient(new Parameter("table", value, Kind.EMBEDDING, true, false), gradient, 0);
    }

    /** Returns the first and the last row, and rows between them that differ from step to step. */
    private static int[] ids(int vocabulary, int seed) {
        return new Random(seed)
                        .ints(vocabulary / 10, 0, vocabulary)
                        .collect(() -> new TreeSet<>(List.of(0, vocabulary - 1)), TreeSet::add, TreeSet::addAll)
                        .stream()
                        .mapToInt(Integer::intValue)
                        .toArray();
    }

    private static Gradient.LookedUp rows(NDManager manager, int[] ids, int width, int seed) {
        NDArray rows = manager.zeros(new Shape(ids.length, width));
        if (ids.length > 0) {
            randomize(rows, seed);
        }
        return new Gradient.LookedUp(ids, rows);
    }
}
