package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.collective.Solo;
import io.github.sparkfinetune.core.model.Trainable;
import io.github.sparkfinetune.core.tensor.Torch;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training leaves no native array behind, and needs no more memory the longer it runs. */
class NativeMemoryTest {
    @TempDir
    private Path folder;

    @Test
    void noArrayIsAliveAfterTrainingThatWasNotBefore() throws Exception {
        TinyRun tiny = new TinyRun(folder, "bert-seqcls", 0.1);
        Torch.start(1);
        long before = alive();
        try (NDManager control = Torch.manager(-1)) {
            NDArray array = control.zeros(new Shape(3));
            assertThat(alive()).as("the count sees an array").isEqualTo(before + 1);
            array.close();
        }
        RunConfig config = tiny.config("leaks", "training.eval_steps=3", "training.save_steps=4");
        tiny.run(config, 2, null);
        assertThat(alive()).isEqualTo(before);
        RunConfig diverging = tiny.config("diverges", "training.learning_rate=1.0e30", "training.warmup_ratio=0");
        assertThatThrownBy(() -> tiny.run(diverging, 1, null))
                .cause()
                .isInstanceOf(RunException.class)
                .hasMessageContaining("training.learning_rate")
                .hasMessageContaining("rank 0");
        assertThat(alive()).as("after a failed run").isEqualTo(before);
    }

    @Test
    void aStepLeavesNoArrayToTheNext() throws Exception {
        Path model = GoldenFiles.root().resolve("models/bert-seqcls");
        try (GoldenModel golden = GoldenModel.load(model, Trainable.all()).orElseThrow()) {
            TrainStep step = golden.step(new Solo());
            long first = 0;
            for (int i = 0; i < 5; i++) {
                TrainStep.Outcome outcome = step.gradient(i, List.of(golden.samples), () -> {});
                step.update(i + 1, 1e-3, outcome.gradNorm());
                first = i == 0 ? alive() : first;
            }
            assertThat(alive()).isEqualTo(first);
        }
    }

    /** Native arrays of all managers of this process. */
    private static long alive() throws ReflectiveOperationException {
        try (NDManager any = Torch.manager(-1)) {
            return count(any.getParentManager());
        }
    }

    private static long count(NDManager manager) throws ReflectiveOperationException {
        Field field = BaseNDManager.class.getDeclaredField("resources");
        field.setAccessible(true);
        long count = 0;
        for (Object resource : ((Map<?, ?>) field.get(manager)).values()) {
            if (resource instanceof NDArray) {
                count++;
            } else if (resource instanceof NDManager child) {
                count += count(child);
            }
        }
        return count;
    }
}
