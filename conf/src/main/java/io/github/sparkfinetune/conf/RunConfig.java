package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;

/**
 * One run: what is trained, on what, how, and where the result goes. Read from one YAML file by
 * {@code RunConfigLoader}; {@code CONFIG.md} lists every key with its meaning and its default.
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

    /** What a model is trained for. */
    public enum Task {
        /** A label a text, several, or a number (Hugging Face: {@code ForSequenceClassification}). */
        @JsonProperty("classification")
        CLASSIFICATION,
        /** The next token of a text (Hugging Face: {@code ForCausalLM}). */
        @JsonProperty("causal-lm")
        CAUSAL_LM,
        /** The answers of conversations and instructions (TRL: {@code SFTTrainer}). */
        @JsonProperty("sft")
        SFT,
        /** The place of a question's answer in a text (Hugging Face: {@code ForQuestionAnswering}). */
        @JsonProperty("question-answering")
        QUESTION_ANSWERING,
        /** A tag a word, such as named entities (Hugging Face: {@code ForTokenClassification}). */
        @JsonProperty("token-classification")
        TOKEN_CLASSIFICATION,
        /** The masked tokens of a text (Hugging Face: {@code ForMaskedLM}). */
        @JsonProperty("masked-lm")
        MASKED_LM,
        /** Of two answers the better one (TRL: {@code DPOTrainer}). */
        @JsonProperty("preference")
        PREFERENCE,
        /** Answers that are good or bad, each by itself (TRL: {@code KTOTrainer}). */
        @JsonProperty("unpaired-preference")
        UNPAIRED_PREFERENCE;

        /** Whether a model that generates text is trained. */
        public boolean generates() {
            return this == CAUSAL_LM || this == SFT || this == PREFERENCE || this == UNPAIRED_PREFERENCE;
        }
    }

    /** What the ranks compute in; trained weights and the optimizer's state are always F32. */
    public enum PrecisionChoice {
        /** bf16 on a GPU, and in a training on processors that are faster in it; else fp32. */
        @JsonProperty("auto")
        AUTO,
        /** Everything in F32. */
        @JsonProperty("fp32")
        FP32,
        /** Matrix products in BF16. */
        @JsonProperty("bf16")
        BF16
    }

    /** Where the ranks compute. */
    public enum DeviceChoice {
        /** The GPU that Spark gives the task, else the CPU. */
        @JsonProperty("auto")
        AUTO,
        /** The CPU, even where there is a GPU. */
        @JsonProperty("cpu")
        CPU,
        /** The GPU that Spark gives the task; without a usable one the run is refused. */
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

    /** Where the prepared dataset lies. */
    public String dataset() {
        return data.dir() != null ? data.dir() : output.dir() + "/dataset";
    }
}
