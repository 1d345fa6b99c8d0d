package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.ClassificationConfig.ProblemType;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Components;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;
import java.util.Locale;

/**
 * Settings of one run: what to train, on which data, how, and where to write the result. {@code RunConfigLoader} reads
 * it from one YAML file. {@code CONFIG.md} lists every key with its meaning and default.
 *
 * @param model folder of the base model in Hugging Face layout, on any Hadoop file system; or a model of the Hugging
 *     Face Hub, as {@code hub:org/name} or {@code hub:org/name@revision}
 * @param task training objective
 * @param device device that the ranks compute on
 * @param precision compute dtype; trained weights and the optimizer's state are always F32
 */
public record RunConfig(
        @Key(path = true, hf = "ModelConfig.model_name_or_path")
        String model,

        TokenizerConfig tokenizer,
        @Key(hf = "GKDConfig") TeacherConfig teacher,
        Task task,
        DataConfig data,
        @Key(hf = "LoraConfig") MethodConfig method,
        @Key(hf = "TrainingArguments") TrainingConfig training,
        @Key(hf = "PretrainedConfig") ClassificationConfig classification,
        @Key(hf = "DataTrainingArguments") QuestionAnsweringConfig questionAnswering,
        @Key(hf = "DataCollatorForLanguageModeling") MaskedLmConfig maskedLm,
        @Key(hf = "DPOConfig") PreferenceConfig preference,
        @Key(hf = "KTOConfig") UnpairedPreferenceConfig unpairedPreference,
        @Key(hf = "RewardConfig") RewardConfig reward,
        EmbeddingConfig embedding,
        RerankingConfig reranking,
        @Key(hf = "GenerationConfig") GenerationConfig generation,

        @Key(mayChange = true, hf = "TrainingArguments.use_cpu")
        DeviceChoice device,

        @Key(hf = "TrainingArguments.bf16") PrecisionChoice precision,
        PredictConfig predict,
        ClusterConfig cluster,
        OutputConfig output)
        implements Serializable {

    /** Beginning of a model that is on the Hugging Face Hub. */
    public static final String HUB = "hub:";

    /** Training objective of a model. */
    public enum Task {
        /** One label, several labels or a number for each text (Hugging Face: {@code ForSequenceClassification}). */
        @JsonProperty("classification")
        CLASSIFICATION,
        /** The next token (Hugging Face: {@code ForCausalLM}). */
        @JsonProperty("causal-lm")
        CAUSAL_LM,
        /** The answers of conversations and instructions (TRL: {@code SFTTrainer}). */
        @JsonProperty("sft")
        SFT,
        /** The span of the answer to a question in a text (Hugging Face: {@code ForQuestionAnswering}). */
        @JsonProperty("question-answering")
        QUESTION_ANSWERING,
        /** A tag for each word, as in named-entity recognition (Hugging Face: {@code ForTokenClassification}). */
        @JsonProperty("token-classification")
        TOKEN_CLASSIFICATION,
        /** The masked tokens (Hugging Face: {@code ForMaskedLM}). */
        @JsonProperty("masked-lm")
        MASKED_LM,
        /** The better of two answers (TRL: {@code DPOTrainer}). */
        @JsonProperty("preference")
        PREFERENCE,
        /** Single answers, each marked good or bad (TRL: {@code KTOTrainer}). */
        @JsonProperty("unpaired-preference")
        UNPAIRED_PREFERENCE,
        /** A number for each answer, higher for the better of two answers (TRL: {@code RewardTrainer}). */
        @JsonProperty("reward")
        REWARD,
        /** A vector for each text, near to those of the texts that belong to it (sentence-transformers). */
        @JsonProperty("embedding")
        EMBEDDING,
        /** A score for each pair of a query and a document (sentence-transformers: {@code CrossEncoder}). */
        @JsonProperty("reranking")
        RERANKING;

        /** Returns the name in the configuration, such as {@code causal-lm}. */
        public String configName() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /** Returns whether losses compare the samples of a step. */
        public boolean comparesSamples() {
            return this == EMBEDDING || this == UNPAIRED_PREFERENCE;
        }

        /** Returns whether the task trains a model that generates text. */
        public boolean generates() {
            return this == CAUSAL_LM || this == SFT || this == PREFERENCE || this == UNPAIRED_PREFERENCE;
        }
    }

    /** Compute dtype of the ranks; trained weights and the optimizer's state are always F32. */
    public enum PrecisionChoice {
        /**
         * BF16 on a GPU; BF16 in training on CPUs that all have avx512_bf16 or amx_bf16 and are at least 1.2 times as
         * fast in BF16; else F32.
         */
        @JsonProperty("auto")
        AUTO,
        /** All computation in F32. */
        @JsonProperty("fp32")
        FP32,
        /** Matrix products in BF16. */
        @JsonProperty("bf16")
        BF16
    }

    /** Device that the ranks compute on. */
    public enum DeviceChoice {
        /** The GPU that Spark assigns to the task, or the CPU if there is no GPU. */
        @JsonProperty("auto")
        AUTO,
        /** The CPU, even if there is a GPU. */
        @JsonProperty("cpu")
        CPU,
        /** The GPU that Spark assigns to the task; without a usable GPU the run fails. */
        @JsonProperty("gpu")
        GPU
    }

    public RunConfig {
        Check.present("model", model);
        Check.present("tokenizer", tokenizer);
        Check.present("teacher", teacher);
        Check.present("classification", classification);
        Check.present("question_answering", questionAnswering);
        Check.present("masked_lm", maskedLm);
        Check.present("preference", preference);
        Check.present("unpaired_preference", unpairedPreference);
        Check.present("reward", reward);
        Check.present("generation", generation);
        Check.present("embedding", embedding);
        Check.present("reranking", reranking);
        Check.present("device", device);
        Check.present("precision", precision);
        Check.present("predict", predict);
        Check.present("cluster", cluster);
        Check.present("task", task);
        Check.present("data", data);
        Check.present("method", method);
        Check.present("training", training);
        Check.present("output", output);
        Check.that(
                training.l2Sp() == 0 || !method.isLora(),
                "training.l2_sp",
                training.l2Sp(),
                "0 with method.type lora and qlora, where the model's own weights stay as they are");
        Check.that(
                training.loraplusLrRatio() == 1 || method.isLora(),
                "training.loraplus_lr_ratio",
                training.loraplusLrRatio(),
                "1 with method.type full and freeze, where there is no adapter");
        Check.that(
                !data.format().isOfQuestions() || task == Task.QUESTION_ANSWERING,
                "data.format",
                data.format().configName(),
                "used with task: question-answering only");
        if (task == Task.EMBEDDING && embedding.negative() == null) {
            long batch =
                    (long) training.perDeviceTrainBatchSize() * training.gradientAccumulationSteps() * cluster.ranks();
            Check.that(
                    batch >= 2,
                    "training.per_device_train_batch_size",
                    training.perDeviceTrainBatchSize(),
                    "at least 2 with task: embedding, times gradient_accumulation_steps and ranks: a pair by itself has"
                            + " nothing to compare with");
        }
        boolean hasOneLabel =
                task == Task.CLASSIFICATION && classification.problemType() == ProblemType.SINGLE_LABEL_CLASSIFICATION;
        boolean taught = task == Task.CAUSAL_LM || task == Task.SFT || hasOneLabel;
        Check.that(
                task != Task.EMBEDDING || method.type() != MethodConfig.Type.FREEZE || method.freezeLayers() != null,
                "method.type",
                "freeze",
                "used with method.freeze_layers for task embedding, which has no head to train alone");
        Check.that(
                !teacher.teaches() || taught,
                "teacher.model",
                teacher.model(),
                "used with task: classification of one label for each text, causal-lm or sft only");
        Check.that(
                !predict.hasSets() || hasOneLabel,
                "predict.coverage",
                predict.coverage(),
                "0 unless a text has one of several labels: task classification with one label");
        training.privacy().require(tokenizer, teacher, task, data, method, training, classification, cluster);
        if (task.generates()) {
            Check.that(
                    generation.evalSamples() == 0 || (task == Task.SFT && data.assistantOnlyLoss()),
                    "generation.eval_samples",
                    generation.evalSamples(),
                    "0 unless task is sft and data.assistant_only_loss true: without them held-out text has no answers");
        }
    }

    /** Returns this run with another {@code predict.precision}. */
    public RunConfig withPredictPrecision(PredictConfig.PredictPrecision other) {
        return Components.with(this, "predict", predict.with(other));
    }

    /** Returns this run on another generation of its dataset. */
    public RunConfig onGeneration(int generation) {
        return Components.with(this, "data", data.onGeneration(generation));
    }

    /** Returns this run on the generation of another configuration, which may name none. */
    public RunConfig onGenerationOf(RunConfig other) {
        Integer generation = other.data.generation();
        return generation == null ? this : onGeneration(generation);
    }

    /** Returns this run with another section of task {@code embedding}. */
    public RunConfig withEmbedding(EmbeddingConfig other) {
        return Components.with(this, "embedding", other);
    }

    /** Returns whether a value of {@code model} names a model of the Hugging Face Hub, not a folder. */
    public static boolean isOfHub(String model) {
        return model.startsWith(HUB);
    }

    /** Returns the name of the run: {@code training.run_name}, or the last part of {@code output.dir}. */
    public String runName() {
        String name = training.runName();
        return name != null ? name : output.dir().replaceFirst("/+$", "").replaceFirst(".*/", "");
    }

    /** Returns the folder of the prepared dataset. */
    public String dataset() {
        return data.dir() != null ? data.dir() : output.dir() + "/dataset";
    }
}
