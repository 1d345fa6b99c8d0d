package io.github.sparkfinetune.core.optim;

import java.util.List;
import java.util.function.DoubleUnaryOperator;

/** Factor of {@code warmup_stable_decay}: up from {@code minRatio}, level at 1, down to {@code minRatio}. */
record WarmupStableDecay(
        long warmupSteps,
        long stableSteps,
        long decaySteps,
        String warmupType,
        String decayType,
        double minRatio,
        double cycles)
        implements DoubleUnaryOperator {
    private static final List<String> TYPES = List.of("linear", "cosine", "1-sqrt");

    static WarmupStableDecay of(LrKwargs given, long warmupSteps, long totalSteps) {
        long decaySteps = given.steps("num_decay_steps");
        long stableSteps =
                given.has("num_stable_steps") ? given.steps("num_stable_steps") : totalSteps - warmupSteps - decaySteps;
        if (stableSteps < 0) {
            throw given.bad(
                    "num_decay_steps",
                    "is " + decaySteps + ", with " + warmupSteps + " warm-up steps more than the run's " + totalSteps
                            + " steps: lower it");
        }
        return new WarmupStableDecay(
                warmupSteps,
                stableSteps,
                decaySteps,
                given.oneOf("warmup_type", "linear", TYPES),
                given.oneOf("decay_type", "cosine", TYPES),
                given.number("min_lr_ratio", 0),
                given.number("num_cycles", 0.5));
    }

    @Override
    public double applyAsDouble(double step) {
        if (step < warmupSteps) {
            double progress = step / warmupSteps;
            return lifted(
                    switch (warmupType) {
                        case "linear" -> progress;
                        case "cosine" -> 0.5 * (1 - Math.cos(Math.PI * progress));
                        default -> 1 - Math.sqrt(1 - progress);
                    });
        }
        double decayed = step - warmupSteps - stableSteps;
        if (decayed < 0) {
            return 1;
        }
        if (decayed >= decaySteps) {
            return minRatio;
        }
        double progress = decayed / decaySteps;
        return lifted(
                switch (decayType) {
                    case "linear" -> 1 - progress;
                    case "cosine" -> 0.5 * (1 + Math.cos(Math.PI * cycles * 2 * progress));
                    default -> 1 - Math.sqrt(progress);
                });
    }

    private double lifted(double factor) {
        return Math.max(0, factor * (1 - minRatio) + minRatio);
    }
}
