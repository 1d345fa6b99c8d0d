package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/** Settings of the optimizer, under the names of Hugging Face's {@code TrainingArguments}. */
public record TrainingConfig(
        int numTrainEpochs,
        int maxSteps,
        int perDeviceTrainBatchSize,
        @Key(mayChange = true) int perDeviceEvalBatchSize,
        int gradientAccumulationSteps,
        double learningRate,
        LrSchedulerType lrSchedulerType,
        Map<String, Object> lrSchedulerKwargs,
        double warmupRatio,
        int warmupSteps,
        double weightDecay,
        @Key(hf = Key.NOT_IN_HF) double l2Sp,
        @Key(hf = Key.NOT_IN_HF) double layerwiseLrDecay,

        @Key(hf = "peft.optimizers.create_loraplus_optimizer")
        double loraplusLrRatio,

        Optim optim,
        double adamBeta1,
        double adamBeta2,
        double adamEpsilon,
        double maxGradNorm,
        double neftuneNoiseAlpha,
        boolean gradientCheckpointing,
        long seed,
        @Key(mayChange = true) int loggingSteps,
        int evalSteps,
        @Key(hf = "DataTrainingArguments.max_eval_samples") int evalMaxSamples,

        @Key(mayChange = true) int saveSteps,

        @Key(mayChange = true, hf = Key.NOT_IN_HF) double saveMinutes,

        @Key(mayChange = true) int saveTotalLimit,
        @Key(hf = "EarlyStoppingCallback") int earlyStoppingPatience,
        String metricForBestModel,
        @Key(mayChange = true) List<ReportTo> reportTo,

        @Key(mayChange = true, optional = true) String runName)
        implements Serializable {

    /** Shape of the learning rate over the steps; names and formulas are those of {@code transformers}. */
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

    /** Optimizer, under the names of {@code transformers}. */
    public enum Optim {
        /** AdamW with both moments in F32. */
        @JsonProperty("adamw_torch")
        ADAMW_TORCH,
        /** AdamW with moments in bitsandbytes' 8-bit codes, except for embeddings. */
        @JsonProperty("adamw_8bit")
        ADAMW_8BIT
    }

    /** Tracker of a run. */
    public enum ReportTo {
        /** Event files for TensorBoard, in the output folder. */
        @JsonProperty("tensorboard")
        TENSORBOARD,
        /** A run on an MLflow tracking server. */
        @JsonProperty("mlflow")
        MLFLOW
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
        Check.that(l2Sp >= 0, "training.l2_sp", l2Sp, "at least 0");
        Check.that(
                layerwiseLrDecay > 0 && layerwiseLrDecay <= 1,
                "training.layerwise_lr_decay",
                layerwiseLrDecay,
                "above 0, at most 1");
        Check.that(
                loraplusLrRatio > 0 && Double.isFinite(loraplusLrRatio),
                "training.loraplus_lr_ratio",
                loraplusLrRatio,
                "above 0");
        Check.present("training.optim", optim);
        Check.that(adamBeta1 >= 0 && adamBeta1 < 1, "training.adam_beta1", adamBeta1, "in [0, 1)");
        Check.that(adamBeta2 >= 0 && adamBeta2 < 1, "training.adam_beta2", adamBeta2, "in [0, 1)");
        Check.that(adamEpsilon > 0, "training.adam_epsilon", adamEpsilon, "above 0");
        Check.that(maxGradNorm >= 0, "training.max_grad_norm", maxGradNorm, "at least 0");
        Check.that(
                neftuneNoiseAlpha >= 0 && Double.isFinite(neftuneNoiseAlpha),
                "training.neftune_noise_alpha",
                neftuneNoiseAlpha,
                "at least 0");
        Check.that(loggingSteps >= 1, "training.logging_steps", loggingSteps, "at least 1");
        Check.that(evalSteps >= 0, "training.eval_steps", evalSteps, "at least 0");
        Check.that(evalMaxSamples >= 0, "training.eval_max_samples", evalMaxSamples, "at least 0");
        Check.that(saveSteps >= 0, "training.save_steps", saveSteps, "at least 0");
        Check.that(
                saveMinutes >= 0 && Double.isFinite(saveMinutes), "training.save_minutes", saveMinutes, "at least 0");
        Check.that(saveTotalLimit >= 1, "training.save_total_limit", saveTotalLimit, "at least 1");
        Check.that(earlyStoppingPatience >= 0, "training.early_stopping_patience", earlyStoppingPatience, "at least 0");
        Check.that(
                earlyStoppingPatience == 0 || evalSteps > 0,
                "training.early_stopping_patience",
                earlyStoppingPatience,
                "used with training.eval_steps above 0");
        Check.present("training.metric_for_best_model", metricForBestModel);
        Check.distinct("training.report_to", reportTo);
        reportTo = List.copyOf(reportTo);
        Check.that(runName == null || !runName.isBlank(), "training.run_name", "an empty text", "a name");
    }
}
