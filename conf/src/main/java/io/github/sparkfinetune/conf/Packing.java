package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * Packing of documents into samples of {@code data.max_length} tokens. In a causal language model attention never
 * crosses documents. In a masked language model attention covers all tokens of the sample, as in Hugging Face's.
 */
public enum Packing {
    /** One document in each sample. */
    @JsonProperty("none")
    NONE,
    /** Whole documents, packed by best-fit decreasing (TRL: {@code packing_strategy: bfd}). */
    @JsonProperty("bfd")
    BFD,
    /**
     * All documents concatenated and cut every {@code max_length} tokens (TRL: {@code wrapped}, HF:
     * {@code group_texts}).
     */
    @JsonProperty("wrapped")
    WRAPPED
}
