package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What a run learns. */
public enum Task {
    /** One label a text (Hugging Face: {@code ForSequenceClassification}). */
    @JsonProperty("classification")
    CLASSIFICATION,
    /** The next token of a text (Hugging Face: {@code ForCausalLM}). */
    @JsonProperty("causal-lm")
    CAUSAL_LM,
    /** The answers of conversations and instructions (TRL: {@code SFTTrainer}). */
    @JsonProperty("sft")
    SFT;

    /** Whether a model that generates text is trained. */
    public boolean generates() {
        return this != CLASSIFICATION;
    }
}
