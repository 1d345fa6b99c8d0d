package io.github.sparkfinetune.core.train;

import ai.djl.pytorch.jni.TorchJni;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Times optimizer steps of a benchmark. With {@code -Dprofile=FILE} rank 0 writes a trace of its last step. */
final class TimedSteps {
    private static final int WARM_UP = 3;
    private static final int STEPS = Integer.getInteger("steps", 20);

    private final TrainStep<?> step;
    private final List<List<Sample>> parts;
    private final Collective collective;
    private final int threads;

    /** @param parts this rank's micro-batches, the same in each step */
    TimedSteps(TrainStep<?> step, List<List<Sample>> parts, Collective collective, int threads) {
        this.step = step;
        this.parts = parts;
        this.collective = collective;
        this.threads = threads;
    }

    /** Options of a rank's JVM. */
    static List<String> jvm() {
        List<String> jvm = new ArrayList<>(List.of("-Xmx256m", "-XX:+UseSerialGC"));
        for (String property : new String[] {"profile", "steps"}) {
            if (System.getProperty(property) != null) {
                jvm.add("-D" + property + "=" + System.getProperty(property));
            }
        }
        return jvm;
    }

    /**
     * Runs the steps; rank 0 prints the speed.
     *
     * @param unit of {@code amount} a second
     * @param amount what all ranks together compute in a step
     */
    void run(String unit, long amount) {
        long[] nanos = new long[STEPS];
        double loss = 0;
        for (int i = 0; i < WARM_UP + STEPS; i++) {
            long start = System.nanoTime();
            boolean profiled =
                    i == WARM_UP + STEPS - 1 && collective.rank() == 0 && System.getProperty("profile") != null;
            if (profiled) {
                TorchJni.startProfile();
            }
            TrainStep.Outcome outcome = step.gradient(i, parts, () -> {});
            step.update(i + 1, 5e-5, outcome.gradNorm());
            loss = outcome.loss();
            if (i >= WARM_UP) {
                nanos[i - WARM_UP] = System.nanoTime() - start;
            }
            if (profiled) {
                TorchJni.stopProfile(System.getProperty("profile"));
            }
        }
        double seconds = Arrays.stream(nanos).sum() / 1e9;
        Arrays.sort(nanos);
        if (collective.rank() == 0) {
            System.out.printf(
                    Locale.ROOT,
                    "ours ranks %d threads %d %s %.2f step ms median %.0f least %.0f peak MB %d loss %.4f%n",
                    collective.size(),
                    threads,
                    unit,
                    amount * STEPS / seconds,
                    nanos[STEPS / 2] / 1e6,
                    nanos[0] / 1e6,
                    ResidentMemory.peak() >> 20,
                    loss);
        }
    }
}
