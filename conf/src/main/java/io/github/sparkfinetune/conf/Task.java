package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What a run learns. */
public enum Task {
    /** One label a text (Hugging Face: {@code ForSequenceClassification}). */
    @JsonProperty("classification")
    CLASSIFICATION
}
