package io.github.sparkfinetune.core.optim;

import java.util.List;
import java.util.function.DoubleUnaryOperator;

/** Factor of {@code warmup_stable_decay}: rises from {@code minRatio}, stays at 1, falls to {@code minRatio}. */
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

    static WarmupStableDecay of(LrKwargs settings, long warmupSteps, long totalSteps) {
        long decaySteps = settings.steps("num_decay_steps");
        long stableSteps = settings.has("num_stable_steps")
                ? settings.steps("num_stable_steps")
                : totalSteps - warmupSteps - decaySteps;
        if (stableSteps < 0) {
            throw settings.bad(
                    "num_decay_steps",
                    "is " + decaySteps + ", together with " + warmupSteps + " warm-up steps more than the run's "
                            + totalSteps + " steps: lower it");
        }
        return new WarmupStableDecay(
                warmupSteps,
                stableSteps,
                decaySteps,
                settings.oneOf("warmup_type", "linear", TYPES),
                settings.oneOf("decay_type", "cosine", TYPES),
                settings.number("min_lr_ratio", 0),
                settings.number("num_cycles", 0.5));
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
