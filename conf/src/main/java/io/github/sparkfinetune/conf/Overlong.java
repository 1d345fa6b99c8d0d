package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Treatment of a sample longer than {@code data.max_length}. */
public enum Overlong {
    /** Cut it at the end, and count it. */
    @JsonProperty("truncate")
    TRUNCATE,
    /** Drop it, and count it. */
    @JsonProperty("drop")
    DROP
}
