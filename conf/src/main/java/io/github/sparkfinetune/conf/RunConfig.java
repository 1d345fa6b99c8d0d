package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;

/**
 * Settings of one run: what to train, on which data, how, and where to write the result. {@code RunConfigLoader} reads
 * it from one YAML file. {@code CONFIG.md} lists every key with its meaning and default.
 */
public record RunConfig(
        @Key(path = true, hf = "ModelConfig.model_name_or_path")
        String model,

        Task task,

        @Key(mayChange = true, hf = "TrainingArguments.use_cpu")
        DeviceChoice device,

        @Key(hf = "TrainingArguments.bf16") PrecisionChoice precision,
        DataConfig data,
        TokenizerConfig tokenizer,
        @Key(hf = "PretrainedConfig") ClassificationConfig classification,

        @Key(hf = "DataTrainingArguments") QuestionAnsweringConfig questionAnswering,

        @Key(hf = "LoraConfig") MethodConfig method,
        @Key(hf = "TrainingArguments") TrainingConfig training,

        @Key(hf = "DataCollatorForLanguageModeling") MaskedLmConfig maskedLm,

        @Key(hf = "DPOConfig") PreferenceConfig preference,

        @Key(hf = "KTOConfig") UnpairedPreferenceConfig unpairedPreference,

        @Key(hf = "GenerationConfig") GenerationConfig generation,
        ClusterConfig cluster,
        OutputConfig output)
        implements Serializable {

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
        UNPAIRED_PREFERENCE;

        /** Returns whether the task trains a model that generates text. */
        public boolean generates() {
            return this == CAUSAL_LM || this == SFT || this == PREFERENCE || this == UNPAIRED_PREFERENCE;
        }
    }

    /** Compute dtype of the ranks; trained weights and the optimizer's state are always F32. */
    public enum PrecisionChoice {
        /** BF16 on a GPU, and on CPUs that train faster in BF16; elsewhere F32. */
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
        Check.present("task", task);
        Check.present("device", device);
        Check.present("precision", precision);
        Check.present("data", data);
        Check.present("tokenizer", tokenizer);
        Check.present("classification", classification);
        Check.present("question_answering", questionAnswering);
        Check.present("method", method);
        Check.present("training", training);
        Check.present("masked_lm", maskedLm);
        Check.present("preference", preference);
        Check.present("unpaired_preference", unpairedPreference);
        Check.present("generation", generation);
        Check.present("cluster", cluster);
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
                data.format() != DataConfig.DataFormat.SQUAD || task == Task.QUESTION_ANSWERING,
                "data.format",
                "squad",
                "used with task: question-answering only");
        if (task.generates()) {
            Check.that(
                    generation.evalSamples() == 0 || (task == Task.SFT && data.assistantOnlyLoss()),
                    "generation.eval_samples",
                    generation.evalSamples(),
                    "0 unless task is sft and data.assistant_only_loss true: without them held-out text has no answers");
        }
    }

    /** Returns the folder of the prepared dataset. */
    public String dataset() {
        return data.dir() != null ? data.dir() : output.dir() + "/dataset";
    }
}
