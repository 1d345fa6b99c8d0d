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
        /** Matrix products in BF16. The base of qlora is widened from 4 bits once, when the model is loaded. */
        @JsonProperty("bf16")
        BF16,
        /**
         * Weights of the layers' linears in 8 bits; the rest in BF16 if the CPU has avx512_bf16 or amx_bf16, else in
         * F32. An encoder's inputs of linears have 8 bits too, with scales that are measured as the inputs come
         * (dynamic quantisation), for x86-64 CPUs only. On a CPU only, and not with qlora. The command prints how the
         * first predictions agree with fp32.
         */
        @JsonProperty("int8")
        INT8,
        /** As {@code int8}, with weights in 4 bits, for language models only. */
        @JsonProperty("int4")
        INT4;

        /** Returns whether the weights of the layers' linears are quantised when the model is loaded. */
        public boolean isQuantized() {
            return this == INT8 || this == INT4;
        }
    }

    public PredictConfig {
        Check.present("predict.precision", precision);
    }
}
