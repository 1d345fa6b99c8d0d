package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;

/**
 * Computation of a trained model by {@code predict}, {@code evaluate} and the models of Spark ML.
 *
 * @param precision compute dtype of a trained model
 */
public record PredictConfig(
        @Key(mayChange = true, hf = "TrainingArguments.bf16_full_eval")
        PredictPrecision precision) implements Serializable {

    /** Compute dtype of a trained model. */
    public enum PredictPrecision {
        /**
         * The compute dtype of the training, which the model's config.json names; F32 on a CPU that has neither
         * avx512_bf16 nor amx_bf16. Without the name, {@code precision} decides.
         */
        @JsonProperty("auto")
        AUTO,
        /** All computation in F32. */
        @JsonProperty("fp32")
        FP32,
        /** Matrix products in BF16. */
        @JsonProperty("bf16")
        BF16,
        /**
         * Products of the layers' linears in 8 bits, with scales that are measured as the inputs come (dynamic
         * quantisation); the rest in BF16 if the CPU has avx512_bf16 or amx_bf16, else in F32. For x86-64 CPUs only,
         * and not with qlora. The command prints how the first predictions agree with fp32.
         */
        @JsonProperty("int8")
        INT8
    }

    public PredictConfig {
        Check.present("predict.precision", precision);
    }
}
