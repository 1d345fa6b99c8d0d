package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How documents share a sample of {@code data.max_length} tokens; attention never crosses documents. */
public enum Packing {
    /** A document is a sample. */
    @JsonProperty("none")
    NONE,
    /** Whole documents, best-fit decreasing (TRL: {@code packing_strategy: bfd}). */
    @JsonProperty("bfd")
    BFD,
    /** All documents in a row, cut every {@code max_length} tokens (TRL: {@code wrapped}, HF: {@code group_texts}). */
    @JsonProperty("wrapped")
    WRAPPED
}
