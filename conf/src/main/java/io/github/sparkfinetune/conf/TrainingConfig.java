package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.Map;

/**
 * The optimiser's settings, under the names of Hugging Face's {@code TrainingArguments}.
 *
 * @param numTrainEpochs passes over the training samples, whole
 * @param maxSteps optimizer steps after which training ends, or 0 for {@code numTrainEpochs}
 * @param perDeviceTrainBatchSize samples a rank computes at once
 * @param perDeviceEvalBatchSize samples a rank evaluates at once
 * @param gradientAccumulationSteps micro-batches whose gradients make one optimizer step
 * @param learningRate peak of the schedule
 * @param lrSchedulerType shape of the schedule
 * @param lrSchedulerKwargs further settings of the schedule, as in {@code transformers}: num_cycles, lr_end, power,
 *     timescale, min_lr, min_lr_rate, num_decay_steps, min_lr_ratio, decay_type
 * @param warmupRatio share of the steps over which the rate rises from 0; {@code warmupSteps} above 0 wins
 * @param warmupSteps steps over which the rate rises from 0
 * @param weightDecay AdamW's decoupled decay; biases and norm weights are exempt
 * @param adamBeta1 decay of the first moment
 * @param adamBeta2 decay of the second moment
 * @param adamEpsilon added to the denominator
 * @param maxGradNorm gradients are scaled down to this global L2 norm; 0 switches clipping off
 * @param gradientCheckpointing whether a layer keeps its input alone and is computed again in the backward pass
 * @param seed derives shuffling, dropout and initialisation
 * @param loggingSteps optimizer steps between two records in metrics.jsonl
 * @param evalSteps optimizer steps between two evaluations while training; 0 evaluates at the end only
 * @param saveSteps optimizer steps between two checkpoints; 0 saves at the end only
 * @param saveTotalLimit checkpoints kept, the best one not counted
 * @param earlyStoppingPatience evaluations without improvement after which training ends; 0 switches it off
 * @param metricForBestModel metric that decides which model is kept
 */
public record TrainingConfig(
        int numTrainEpochs,
        int maxSteps,
        int perDeviceTrainBatchSize,
        int perDeviceEvalBatchSize,
        int gradientAccumulationSteps,
        double learningRate,
        LrSchedulerType lrSchedulerType,
        Map<String, Object> lrSchedulerKwargs,
        double warmupRatio,
        int warmupSteps,
        double weightDecay,
        double adamBeta1,
        double adamBeta2,
        double adamEpsilon,
        double maxGradNorm,
        boolean gradientCheckpointing,
        long seed,
        int loggingSteps,
        int evalSteps,
        int saveSteps,
        int saveTotalLimit,
        int earlyStoppingPatience,
        BestMetric metricForBestModel)
        implements Serializable {

    /** Metric of the evaluation split that decides which model is the best one. */
    public enum BestMetric {
        /** Lower is better. */
        @JsonProperty("loss")
        LOSS,
        /** Higher is better. */
        @JsonProperty("accuracy")
        ACCURACY,
        /** Higher is better. */
        @JsonProperty("f1_macro")
        F1_MACRO
    }

    /** Shape of the learning rate over the steps; the names and formulas are those of {@code transformers}. */
    public enum LrSchedulerType {
        @JsonProperty("linear")
        LINEAR,
        @JsonProperty("cosine")
        COSINE,
        @JsonProperty("cosine_with_restarts")
        COSINE_WITH_RESTARTS,
        @JsonProperty("polynomial")
        POLYNOMIAL,
        @JsonProperty("constant")
        CONSTANT,
        @JsonProperty("constant_with_warmup")
        CONSTANT_WITH_WARMUP,
        @JsonProperty("inverse_sqrt")
        INVERSE_SQRT,
        @JsonProperty("cosine_with_min_lr")
        COSINE_WITH_MIN_LR,
        @JsonProperty("warmup_stable_decay")
        WARMUP_STABLE_DECAY
    }

    public TrainingConfig {
        Check.that(numTrainEpochs >= 1, "training.num_train_epochs", numTrainEpochs, "at least 1");
        Check.that(maxSteps >= 0, "training.max_steps", maxSteps, "at least 0");
        Check.that(
                perDeviceTrainBatchSize >= 1,
                "training.per_device_train_batch_size",
                perDeviceTrainBatchSize,
                "at least 1");
        Check.that(
                perDeviceEvalBatchSize >= 1,
                "training.per_device_eval_batch_size",
                perDeviceEvalBatchSize,
                "at least 1");
        Check.that(
                gradientAccumulationSteps >= 1,
                "training.gradient_accumulation_steps",
                gradientAccumulationSteps,
                "at least 1");
        Check.that(
                learningRate > 0 && Double.isFinite(learningRate), "training.learning_rate", learningRate, "above 0");
        Check.present("training.lr_scheduler_type", lrSchedulerType);
        Check.present("training.lr_scheduler_kwargs", lrSchedulerKwargs);
        lrSchedulerKwargs = Map.copyOf(lrSchedulerKwargs);
        Check.that(warmupRatio >= 0 && warmupRatio <= 1, "training.warmup_ratio", warmupRatio, "between 0 and 1");
        Check.that(warmupSteps >= 0, "training.warmup_steps", warmupSteps, "at least 0");
        Check.that(weightDecay >= 0, "training.weight_decay", weightDecay, "at least 0");
        Check.that(adamBeta1 >= 0 && adamBeta1 < 1, "training.adam_beta1", adamBeta1, "in [0, 1)");
        Check.that(adamBeta2 >= 0 && adamBeta2 < 1, "training.adam_beta2", adamBeta2, "in [0, 1)");
        Check.that(adamEpsilon > 0, "training.adam_epsilon", adamEpsilon, "above 0");
        Check.that(maxGradNorm >= 0, "training.max_grad_norm", maxGradNorm, "at least 0");
        Check.that(loggingSteps >= 1, "training.logging_steps", loggingSteps, "at least 1");
        Check.that(evalSteps >= 0, "training.eval_steps", evalSteps, "at least 0");
        Check.that(saveSteps >= 0, "training.save_steps", saveSteps, "at least 0");
        Check.that(saveTotalLimit >= 1, "training.save_total_limit", saveTotalLimit, "at least 1");
        Check.that(earlyStoppingPatience >= 0, "training.early_stopping_patience", earlyStoppingPatience, "at least 0");
        Check.that(
                earlyStoppingPatience == 0 || evalSteps > 0,
                "training.early_stopping_patience",
                earlyStoppingPatience,
                "used with training.eval_steps above 0");
        Check.present("training.metric_for_best_model", metricForBestModel);
    }
}
