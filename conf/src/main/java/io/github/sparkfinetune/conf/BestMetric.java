package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Metric of the evaluation split that decides which model is the best one. */
public enum BestMetric {
    /** Lower is better. */
    @JsonProperty("loss")
    LOSS,
    /** Higher is better. */
    @JsonProperty("accuracy")
    ACCURACY,
    /** Higher is better. */
    @JsonProperty("f1_macro")
    F1_MACRO
}
