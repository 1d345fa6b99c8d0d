package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;

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
