package io.github.sparkfinetune.core.optim;

import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.conf.TrainingConfig.LrSchedulerType;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/**
 * Learning rate of each optimizer step: the peak rate times a factor of the step. With w warm-up steps and n steps in
 * total, every schedule except {@code constant} rises as step / w. After the warm-up, with p = (step - w) / (n - w),
 * the factor is:
 *
 * <ul>
 *   <li>linear: 1 - p
 *   <li>cosine: (1 + cos(2 π c p)) / 2, c = num_cycles = 0.5; with_min_lr scales the factor to [min_lr_rate, 1]
 *   <li>cosine_with_restarts: (1 + cos(π (c p mod 1))) / 2, c = num_cycles = 1; 0 from p = 1
 *   <li>polynomial: ((lr - lr_end) (1 - p)^power + lr_end) / lr
 *   <li>inverse_sqrt: sqrt(t / step), t = w, or 10 000 if w is 0. The key timescale has no effect, as in
 *       {@code transformers}
 *   <li>warmup_stable_decay: 1, then a decay of type decay_type to min_lr_ratio over the last num_decay_steps. The
 *       warm-up also starts at min_lr_ratio
 * </ul>
 *
 * <p>Source: {@code transformers/optimization.py} and {@code get_scheduler} there.
 */
public final class LrSchedule {
    private static final long INVERSE_SQRT_TIMESCALE = 10_000;

    private final double learningRate;
    private final DoubleUnaryOperator factor;

    private LrSchedule(double learningRate, DoubleUnaryOperator factor) {
        this.learningRate = learningRate;
        this.factor = factor;
    }

    /**
     * Returns the schedule of a run by its settings. {@code warmup_steps} replaces {@code warmup_ratio}.
     *
     * @param totalSteps number of optimizer steps of the whole run
     * @throws io.github.sparkfinetune.conf.error.RunException if a key of {@code lr_scheduler_kwargs} is unknown to
     *     this schedule, missing or of the wrong type
     */
    public static LrSchedule of(TrainingConfig settings, long totalSteps) {
        long warmup = settings.warmupSteps() > 0
                ? settings.warmupSteps()
                : (long) Math.ceil(settings.warmupRatio() * totalSteps);
        return of(
                settings.lrSchedulerType(), settings.learningRate(), totalSteps, warmup, settings.lrSchedulerKwargs());
    }

    /**
     * Returns a schedule.
     *
     * @param learningRate peak learning rate
     * @param totalSteps number of optimizer steps of the whole run
     * @param warmupSteps number of steps over which the rate rises
     * @param kwargs {@code training.lr_scheduler_kwargs}
     * @throws io.github.sparkfinetune.conf.error.RunException if a key of {@code kwargs} is unknown to this schedule,
     *     missing or of the wrong type
     */
    static LrSchedule of(
            LrSchedulerType type, double learningRate, long totalSteps, long warmupSteps, Map<String, Object> kwargs) {
        LrKwargs settings = new LrKwargs(type, kwargs);
        Span span = new Span(warmupSteps, totalSteps);
        DoubleUnaryOperator factor = switch (type) {
            case CONSTANT -> step -> 1;
            case CONSTANT_WITH_WARMUP -> span.warmedUp(step -> 1);
            case LINEAR -> span.warmedUp(step -> Math.max(0, (totalSteps - step) / span.decaySteps()));
            case COSINE -> cosine(span, settings.number("num_cycles", 0.5), 0);
            case COSINE_WITH_MIN_LR -> cosineWithMinLr(span, learningRate, settings);
            case COSINE_WITH_RESTARTS -> restarts(span, settings.number("num_cycles", 1));
            case POLYNOMIAL -> polynomial(span, learningRate, settings);
            case INVERSE_SQRT -> inverseSqrt(span, settings);
            case WARMUP_STABLE_DECAY -> WarmupStableDecay.of(settings, warmupSteps, totalSteps);
        };
        settings.refuseUnknown();
        return new LrSchedule(learningRate, factor);
    }

    /**
     * Returns the learning rate of a step.
     *
     * @param step index of the step, from 0
     */
    public double at(long step) {
        return learningRate * factor.applyAsDouble((double) step);
    }

    private record Span(long warmupSteps, long totalSteps) {
        DoubleUnaryOperator warmedUp(DoubleUnaryOperator after) {
            return step -> step < warmupSteps ? step / Math.max(1, warmupSteps) : after.applyAsDouble(step);
        }

        double decaySteps() {
            return Math.max(1, totalSteps - warmupSteps);
        }

        double progress(double step) {
            return (step - warmupSteps) / decaySteps();
        }
    }

    private static DoubleUnaryOperator cosine(Span span, double cycles, double minRate) {
        return span.warmedUp(step -> {
            double wave = 0.5 * (1 + Math.cos(Math.PI * cycles * 2 * span.progress(step)));
            return Math.max(0, wave * (1 - minRate) + minRate);
        });
    }

    private static DoubleUnaryOperator cosineWithMinLr(Span span, double learningRate, LrKwargs settings) {
        double cycles = settings.number("num_cycles", 0.5);
        if (settings.has("min_lr") && settings.has("min_lr_rate")) {
            throw settings.bad("min_lr_rate", "is set beside min_lr: keep one of them");
        }
        double minRate =
                settings.has("min_lr") ? settings.number("min_lr") / learningRate : settings.number("min_lr_rate");
        return cosine(span, cycles, minRate);
    }

    private static DoubleUnaryOperator restarts(Span span, double cycles) {
        return span.warmedUp(step -> {
            double progress = span.progress(step);
            return progress >= 1 ? 0 : 0.5 * (1 + Math.cos(Math.PI * (cycles * progress % 1)));
        });
    }

    private static DoubleUnaryOperator polynomial(Span span, double learningRate, LrKwargs settings) {
        double end = settings.number("lr_end", 1e-7);
        double power = settings.number("power", 1);
        if (end >= learningRate) {
            throw settings.bad("lr_end", "is " + end + ", must be below training.learning_rate " + learningRate);
        }
        return span.warmedUp(step -> {
            double remaining = Math.max(0, 1 - span.progress(step));
            return ((learningRate - end) * Math.pow(remaining, power) + end) / learningRate;
        });
    }

    private static DoubleUnaryOperator inverseSqrt(Span span, LrKwargs settings) {
        settings.number("timescale", 0);
        double timescale = span.warmupSteps() == 0 ? INVERSE_SQRT_TIMESCALE : span.warmupSteps();
        double shift = timescale - span.warmupSteps();
        return span.warmedUp(step -> 1 / Math.sqrt((step + shift) / timescale));
    }
}
