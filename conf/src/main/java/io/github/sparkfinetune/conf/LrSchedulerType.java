package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Shape of the learning rate over the steps; the names and formulas are those of {@code transformers}. */
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
