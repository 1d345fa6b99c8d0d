package io.github.sparkfinetune.bench;

import ai.djl.pytorch.jni.TorchJni;
import com.sun.jna.NativeLibrary;
import com.sun.jna.ptr.LongByReference;
import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.memory.ResidentMemory;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.core.tensor.cuda.CudaLibraries;
import io.github.sparkfinetune.core.train.TrainingRecord;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Receives the records of a training, one for each step, and reports the speed of the steps after the first few. */
final class TimedSteps implements Consumer<TrainingRecord> {
    /** System properties that change the benchmark. */
    static final List<String> PROPERTIES = List.of("steps", "profile", "gpu");

    /** Index of the GPU, or -1 for the CPU. */
    static final int GPU = Integer.getInteger("gpu", -1);

    private static final int WARM_UP = 3;
    private static final int STEPS = Integer.getInteger("steps", 20);
    private static final String PROFILE = System.getProperty("profile");

    private final List<TrainingRecord> records = new ArrayList<>();
    private final List<Double> losses = new ArrayList<>();
    private long peak;
    /** Memory of the device, or of the process on the CPU, after each timed step. */
    private final List<Long> used = new ArrayList<>();

    /** Returns the number of steps to train. */
    static int total() {
        return WARM_UP + STEPS;
    }

    /** Called between two steps by the training thread, which is the thread that must start the profiler. */
    @Override
    public void accept(TrainingRecord step) {
        if (PROFILE != null && step.step() == total()) {
            TorchJni.stopProfile(PROFILE);
        }
        losses.add(step.loss());
        if (step.step() > WARM_UP) {
            records.add(step);
            used.add(GPU < 0 ? ResidentMemory.now() : usedOnGpu());
        }
        // Saving after the last step must not count as memory of a step.
        peak = ResidentMemory.peak();
        if (PROFILE != null && step.step() == total() - 1) {
            TorchJni.startProfile();
        }
    }

    /** Returns the bytes in use on this thread's GPU, those that PyTorch's allocator keeps included. */
    private static long usedOnGpu() {
        NativeLibrary cuda = CudaLibraries.in(Torch.libraries()).orElseThrow();
        LongByReference free = new LongByReference();
        LongByReference total = new LongByReference();
        int error = cuda.getFunction("cudaMemGetInfo").invokeInt(new Object[] {free, total});
        if (error != 0) {
            throw new IllegalStateException("cudaMemGetInfo returned " + error);
        }
        return total.getValue() - free.getValue();
    }

    /**
     * Returns the result of rank 0.
     *
     * @param batch samples of a step over all ranks
     */
    String line(RunConfig config, int batch, int ranks, int threads) {
        double[] seconds = records.stream()
                .mapToDouble(step -> batch / step.samplesPerSecond())
                .sorted()
                .toArray();
        TrainingRecord last = records.get(records.size() - 1);
        // All samples have the same length.
        double length = last.tokensPerSecond() / last.samplesPerSecond();
        boolean sequences = !config.task().generates();
        return String.format(
                Locale.ROOT,
                "ours ranks %d threads %d%s %s %.2f step ms median %.0f least %.0f peak MB %d loss %.4f%s",
                ranks,
                threads,
                config.cluster().shard() == Shard.NONE
                        ? ""
                        : " shard " + config.cluster().shard().name().toLowerCase(Locale.ROOT),
                sequences ? "seq/s" : "tok/s",
                seconds.length
                        * batch
                        * (sequences ? 1 : length)
                        / Arrays.stream(seconds).sum(),
                seconds[seconds.length / 2] * 1e3,
                seconds[0] * 1e3,
                peak >> 20,
                last.loss(),
                System.getProperty("gpu") == null ? "" : memoryAndLosses());
    }

    /** Returns the memory in use, its growth over the timed steps, and the loss of each step. */
    private String memoryAndLosses() {
        long most = used.stream().mapToLong(Long::longValue).max().orElse(0);
        long grown = used.get(used.size() - 1) - used.get(0);
        return String.format(
                Locale.ROOT,
                " used MB %d grown MB %d losses %s",
                most >> 20,
                grown >> 20,
                losses.stream()
                        .map(loss -> String.format(Locale.ROOT, "%.6f", loss))
                        .collect(Collectors.joining(",")));
    }
}
