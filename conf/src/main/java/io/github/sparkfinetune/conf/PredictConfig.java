package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;

/**
 * Computation of a trained model by {@code predict}, {@code evaluate} and the models of Spark ML.
 *
 * @param precision compute dtype of a trained model
 * @param coverage share of the texts for which a set of labels holds the right one, for task classification with one
 *     label; evaluate then calibrates the model on evaluation rows, and predict writes the sets; 0: neither
 * @param conformityScore score that decides whether a label is in a set
 */
public record PredictConfig(
        @Key(mayChange = true, hf = "TrainingArguments.bf16_full_eval")
        PredictPrecision precision,

        @Key(mayChange = true) double coverage,
        @Key(mayChange = true) ConformityScore conformityScore)
        implements Serializable {

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

    /** Score of a label, by which it is in a set or not; the names are those of MAPIE. */
    public enum ConformityScore {
        /** Its probability (Sadinle and others, 2019): the smallest sets. A text that is too uncertain has none. */
        @JsonProperty("lac")
        LAC,
        /**
         * The sum of its probability and the larger ones (Romano and others, 2020): the more uncertain a text, the
         * larger its set, which holds one label at least.
         */
        @JsonProperty("aps")
        APS
    }

    public PredictConfig {
        Check.present("predict.precision", precision);
        Check.that(coverage >= 0 && coverage < 1, "predict.coverage", coverage, "in [0, 1)");
        Check.present("predict.conformity_score", conformityScore);
    }

    /** Returns whether labels have sets. */
    public boolean hasSets() {
        return coverage > 0;
    }

    /** Returns this section with another precision. */
    public PredictConfig with(PredictPrecision other) {
        return new PredictConfig(other, coverage, conformityScore);
    }
}
