package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertBitEqual;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.tensor.CopiesOnCpu;
import io.github.sparkfinetune.core.tensor.cuda.FakeHostMemory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pinned memory of a run on the device of a GPU, over tensors of the CPU. */
class PinnedMemoryRunTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "bert-seqcls, classification, method.type=full",
        "llama-tied, causal-lm, method.type=qlora",
        "llama-untied, preference, method.type=lora"
    })
    void isAllocatedInTheFirstStepsAndFreedAtTheEnd(String kind, String task, String method) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), kind, config -> {});
        TinyRun tiny = new TinyRun(folder, base, task, method, "precision=fp32", "training.warmup_ratio=0");
        int few = allocations(tiny, tiny.config("few", "training.max_steps=6"));
        int many = allocations(tiny, tiny.config("many", "training.max_steps=18"));
        assertThat(few).isPositive();
        assertThat(many).isEqualTo(few);
    }

    private static int allocations(TinyRun tiny, RunConfig config) throws Exception {
        FakeHostMemory memory = new FakeHostMemory();
        CopiesOnCpu.call(memory, () -> tiny.run(config, 1, null));
        assertThat(memory.open()).isZero();
        return memory.allocations();
    }

    /** A GPU widens 4-bit codes itself, so a copy of a layer's weights in host memory would never be read. */
    @Test
    void doesNotHoldALayerWhoseCodesTheGpuWidens() throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "llama-tied", config -> {});
        String[] settings = {"method.type=qlora", "method.r=1", "method.target_modules=[q_proj]", "precision=fp32"};
        TinyRun tiny = new TinyRun(folder, base, "causal-lm", settings);
        FakeHostMemory memory = new FakeHostMemory();

        CopiesOnCpu.call(memory, () -> tiny.run(tiny.config("run", "training.max_steps=1"), 1, null));

        long linears = TinyModel.weights(base).entrySet().stream()
                .filter(weight -> weight.getKey().matches("model\\.layers\\.0\\..*_proj\\.weight"))
                .mapToLong(weight -> (long) Float.BYTES * weight.getValue().length)
                .sum();
        assertThat(memory.bytes()).isPositive().isLessThan(linears);
    }

    @ParameterizedTest
    @CsvSource({"0", "3"})
    void trainsTheSameModelIfMemoryCannotBePinned(int pinned) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "bert-seqcls", config -> {});
        TinyRun tiny = new TinyRun(folder, base, "classification", "training.max_steps=4", "precision=fp32");
        RunConfig all = tiny.config("all");
        RunConfig some = tiny.config("some");
        TinyRun.Outcome expected = CopiesOnCpu.call(() -> tiny.run(all, 1, null));
        FakeHostMemory memory = new FakeHostMemory(pinned);
        TinyRun.Outcome outcome = CopiesOnCpu.call(memory, () -> tiny.run(some, 1, null));
        assertThat(memory.open()).isZero();
        assertThat(outcome.losses()).isEqualTo(expected.losses());
        assertBitEqual(TinyRun.model(some), TinyRun.model(all));
    }
}
