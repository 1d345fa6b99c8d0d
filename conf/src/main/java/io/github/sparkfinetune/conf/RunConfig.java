package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.TrainingConfig.BestMetric;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import java.io.Serializable;
import java.util.Locale;

/**
 * One run: what is trained, on what, how, and where the result goes. Read from one YAML file by
 * {@link RunConfigLoader}; the default of every key and its meaning stand in {@code defaults.yaml} beside this class.
 *
 * @param model folder of the base model in Hugging Face layout
 * @param task what is learnt
 * @param device where the ranks compute
 * @param precision what the ranks compute in
 * @param data the raw text and how it becomes samples
 * @param tokenizer changes of the model's tokenizer
 * @param method which parameters are trained
 * @param training the optimiser's settings, under Hugging Face's names
 * @param generation how text is generated, for tasks that do
 * @param cluster the ranks
 * @param output where results are written
 */
public record RunConfig(
        String model,
        Task task,
        DeviceChoice device,
        PrecisionChoice precision,
        DataConfig data,
        TokenizerConfig tokenizer,
        MethodConfig method,
        TrainingConfig training,
        GenerationConfig generation,
        ClusterConfig cluster,
        OutputConfig output)
        implements Serializable {

    /** What a run learns. */
    public enum Task {
        /** One label a text (Hugging Face: {@code ForSequenceClassification}). */
        @JsonProperty("classification")
        CLASSIFICATION,
        /** The next token of a text (Hugging Face: {@code ForCausalLM}). */
        @JsonProperty("causal-lm")
        CAUSAL_LM,
        /** The answers of conversations and instructions (TRL: {@code SFTTrainer}). */
        @JsonProperty("sft")
        SFT;

        /** Whether a model that generates text is trained. */
        public boolean generates() {
            return this != CLASSIFICATION;
        }
    }

    /** What the ranks compute in; trained weights and the optimiser's state are F32 always. */
    public enum PrecisionChoice {
        /** bf16 on a GPU, fp32 on the CPU. */
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
        Check.present("method", method);
        Check.present("training", training);
        Check.present("generation", generation);
        Check.present("cluster", cluster);
        Check.present("output", output);
        if (task.generates()) {
            Check.that(
                    training.metricForBestModel() == BestMetric.LOSS,
                    "training.metric_for_best_model",
                    training.metricForBestModel().name().toLowerCase(Locale.ROOT),
                    "loss where text is generated");
            Check.that(
                    generation.evalSamples() == 0 || (task == Task.SFT && data.assistantOnlyLoss()),
                    "generation.eval_samples",
                    generation.evalSamples(),
                    "0 unless task is sft and data.assistant_only_loss true: without them held-out text has no answers");
        }
    }

    /** The same run with another data section. */
    public RunConfig withData(DataConfig other) {
        return new RunConfig(
                model, task, device, precision, other, tokenizer, method, training, generation, cluster, output);
    }

    /** Where the prepared dataset lies. */
    public String dataset() {
        return data.dir() != null ? data.dir() : output.dir() + "/dataset";
    }
}
