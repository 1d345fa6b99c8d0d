package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Which biases LoRA trains besides its adapters, as PEFT's {@code bias}. */
public enum LoraBias {
    /** No bias. */
    @JsonProperty("none")
    NONE,
    /** Every bias of the model. */
    @JsonProperty("all")
    ALL,
    /** The biases of the adapted linears. */
    @JsonProperty("lora_only")
    LORA_ONLY
}
