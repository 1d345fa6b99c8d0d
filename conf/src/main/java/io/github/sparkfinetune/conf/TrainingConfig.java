package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * Settings of the training loop, under the names of Hugging Face's {@code TrainingArguments}.
 *
 * @param numTrainEpochs passes over the training samples
 * @param maxSteps optimizer steps after which training ends; 0: {@code num_train_epochs} decides
 * @param perDeviceTrainBatchSize samples of a rank's micro-batch
 * @param perDeviceEvalBatchSize samples of a rank's batch in evaluation
 * @param gradientAccumulationSteps micro-batches of an optimizer step
 * @param gradientCheckpointing whether only the input of each layer is kept and the layer is computed again in the
 *     backward pass: less memory, more time
 * @param learningRate highest learning rate of the schedule
 * @param lrSchedulerType shape of the learning rate over the steps
 * @param lrSchedulerKwargs further settings of the schedule: num_cycles, lr_end, power, timescale, min_lr, min_lr_rate,
 *     num_decay_steps, min_lr_ratio, decay_type
 * @param warmupRatio fraction of the steps over which the learning rate rises from 0
 * @param warmupSteps steps over which the learning rate rises from 0; a value above 0 replaces {@code warmup_ratio}
 * @param layerwiseLrDecay factor of the learning rate from each layer to the layer below, and from the head to the
 *     highest layer
 * @param loraplusLrRatio LoRA+: learning rate of B divided by that of A
 * @param optim optimizer
 * @param adamBeta1 decay of the first moment
 * @param adamBeta2 decay of the second moment
 * @param adamEpsilon term added to the denominator
 * @param weightDecay decoupled weight decay of AdamW; biases and norm weights have none
 * @param maxGradNorm global L2 norm to which gradients are clipped; 0: no clipping
 * @param l2Sp strength of the decoupled pull of trained weights towards their initial values (L2-SP), against
 *     catastrophic forgetting; full and freeze
 * @param neftuneNoiseAlpha NEFTune: scale of uniform noise on the embeddings in training, at most alpha / sqrt(tokens x
 *     width); usual values are 5 to 15; 0: no noise
 * @param privacy differentially private training
 * @param seed seed of shuffling, masking, dropout and initialisation
 * @param evalSteps optimizer steps between two evaluations during training; 0: only at the end
 * @param evalMaxSamples most evaluation samples of an evaluation during training, the same ones each time; 0: all
 * @param earlyStoppingPatience evaluations without improvement after which training ends; needs {@code eval_steps}; 0:
 *     never
 * @param metricForBestModel metric on the evaluation rows that chooses the model, by its name in metrics.json: the
 *     lowest loss, or the highest accuracy, f1_macro, …
 * @param saveSteps optimizer steps between two checkpoints; 0: only {@code save_minutes} decides
 * @param saveMinutes minutes after which a checkpoint is written in any case; 0: only {@code save_steps} decides
 * @param saveTotalLimit checkpoints to keep, besides the best one
 * @param keepCheckpointsEvery share of the run's steps after each of which a further checkpoint is written and kept, so
 *     that {@code erase} trains at most this share more than the steps that a document has influenced; 0: none
 * @param loggingSteps optimizer steps between two records in metrics.jsonl
 * @param reportTo trackers of the run
 * @param runName name of the run in trackers; null: the name of {@code output.dir}
 * @param registeredModelName MLflow's registered model of which the trained model becomes a version; null: none
 */
public record TrainingConfig(
        int numTrainEpochs,
        int maxSteps,
        int perDeviceTrainBatchSize,
        @Key(mayChange = true) int perDeviceEvalBatchSize,
        int gradientAccumulationSteps,
        boolean gradientCheckpointing,
        double learningRate,
        LrSchedulerType lrSchedulerType,
        Map<String, Object> lrSchedulerKwargs,
        double warmupRatio,
        int warmupSteps,
        @Key(hf = Key.NOT_IN_HF) double layerwiseLrDecay,

        @Key(hf = "peft.optimizers.create_loraplus_optimizer")
        double loraplusLrRatio,

        Optim optim,
        double adamBeta1,
        double adamBeta2,
        double adamEpsilon,
        double weightDecay,
        double maxGradNorm,
        @Key(hf = Key.NOT_IN_HF) double l2Sp,
        double neftuneNoiseAlpha,

        @Key(hf = "opacus.PrivacyEngine.make_private_with_epsilon")
        PrivacyConfig privacy,

        long seed,
        int evalSteps,
        @Key(hf = "DataTrainingArguments.max_eval_samples") int evalMaxSamples,
        @Key(hf = "EarlyStoppingCallback") int earlyStoppingPatience,
        String metricForBestModel,
        @Key(mayChange = true) int saveSteps,
        @Key(mayChange = true, hf = Key.NOT_IN_HF) double saveMinutes,
        @Key(mayChange = true) int saveTotalLimit,
        @Key(mayChange = true, hf = Key.NOT_IN_HF) double keepCheckpointsEvery,
        @Key(mayChange = true) int loggingSteps,
        @Key(mayChange = true) List<ReportTo> reportTo,
        @Key(mayChange = true, optional = true) String runName,

        @Key(mayChange = true, optional = true, hf = Key.NOT_IN_HF)
        String registeredModelName)
        implements Serializable {

    /** Shape of the learning rate over the steps; names and formulas are those of {@code transformers}. */
    public enum LrSchedulerType {
        /** Linear decay to 0. */
        @JsonProperty("linear")
        LINEAR,
        /** Cosine decay to 0. */
        @JsonProperty("cosine")
        COSINE,
        /** Cosine decay to 0, {@code num_cycles} times. */
        @JsonProperty("cosine_with_restarts")
        COSINE_WITH_RESTARTS,
        /** Polynomial decay of degree {@code power} to {@code lr_end}. */
        @JsonProperty("polynomial")
        POLYNOMIAL,
        /** Constant, without warm-up. */
        @JsonProperty("constant")
        CONSTANT,
        /** Constant after the warm-up. */
        @JsonProperty("constant_with_warmup")
        CONSTANT_WITH_WARMUP,
        /** Inverse square root of the step. */
        @JsonProperty("inverse_sqrt")
        INVERSE_SQRT,
        /** Cosine decay to {@code min_lr}. */
        @JsonProperty("cosine_with_min_lr")
        COSINE_WITH_MIN_LR,
        /** Constant after the warm-up, then a decay over {@code num_decay_steps}. */
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
        /** Event files for TensorBoard, in {@code output.dir/tensorboard}. */
        @JsonProperty("tensorboard")
        TENSORBOARD,
        /** A run on the MLflow server that the environment variable {@code MLFLOW_TRACKING_URI} names. */
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
        Check.that(weightDecay >= 0, "training.weight_decay", weightDecay, "at least 0");
        Check.that(maxGradNorm >= 0, "training.max_grad_norm", maxGradNorm, "at least 0");
        Check.that(l2Sp >= 0, "training.l2_sp", l2Sp, "at least 0");
        Check.that(
                neftuneNoiseAlpha >= 0 && Double.isFinite(neftuneNoiseAlpha),
                "training.neftune_noise_alpha",
                neftuneNoiseAlpha,
                "at least 0");
        Check.present("training.privacy", privacy);
        Check.that(evalSteps >= 0, "training.eval_steps", evalSteps, "at least 0");
        Check.that(evalMaxSamples >= 0, "training.eval_max_samples", evalMaxSamples, "at least 0");
        Check.that(earlyStoppingPatience >= 0, "training.early_stopping_patience", earlyStoppingPatience, "at least 0");
        Check.that(
                earlyStoppingPatience == 0 || evalSteps > 0,
                "training.early_stopping_patience",
                earlyStoppingPatience,
                "used with training.eval_steps above 0");
        Check.present("training.metric_for_best_model", metricForBestModel);
        Check.that(saveSteps >= 0, "training.save_steps", saveSteps, "at least 0");
        Check.that(
                saveMinutes >= 0 && Double.isFinite(saveMinutes), "training.save_minutes", saveMinutes, "at least 0");
        Check.that(saveTotalLimit >= 1, "training.save_total_limit", saveTotalLimit, "at least 1");
        Check.that(
                keepCheckpointsEvery >= 0 && keepCheckpointsEvery < 1,
                "training.keep_checkpoints_every",
                keepCheckpointsEvery,
                "in [0, 1)");
        Check.that(loggingSteps >= 1, "training.logging_steps", loggingSteps, "at least 1");
        Check.distinct("training.report_to", reportTo);
        reportTo = List.copyOf(reportTo);
        Check.that(runName == null || !runName.isBlank(), "training.run_name", "an empty text", "a name");
        Check.that(
                registeredModelName == null || registeredModelName.matches("[^/:'\"\\p{Cntrl}]*[^\\s/:'\"\\p{Cntrl}]+"),
                "training.registered_model_name",
                registeredModelName,
                "a name without / : and quotes");
    }
}
