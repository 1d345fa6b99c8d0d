package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What becomes of a sample longer than {@code data.max_length}. */
public enum Overlong {
    /** It is cut at its end, and counted. */
    @JsonProperty("truncate")
    TRUNCATE,
    /** It is left out, and counted. */
    @JsonProperty("drop")
    DROP
}
