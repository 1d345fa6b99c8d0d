package io.github.sparkfinetune.core.arch;

/** Kind of a head, by its predictions. */
public enum HeadKind {
    /** One class for each text, from an encoder's first token or a decoder's last token: logits [B, classes]. */
    SEQUENCE_CLASSIFICATION("ForSequenceClassification", "SEQ_CLS"),
    /** One class for each token: logits [B, T, classes]. */
    TOKEN_CLASSIFICATION("ForTokenClassification", "TOKEN_CLS"),
    /** Whether an answer begins or ends at each token: logits [B, T, 2]. */
    QUESTION_ANSWERING("ForQuestionAnswering", "QUESTION_ANS"),
    /** The token at each masked position: hidden states [M, embedding], which the loss maps to logits. */
    MASKED_LM("ForMaskedLM", null),
    /** The token after each position: hidden states [M, hidden], which the loss maps to logits. */
    CAUSAL_LM("ForCausalLM", "CAUSAL_LM"),
    /** A vector for each text, without weights of its own: embeddings [B, hidden]. */
    EMBEDDING("Model", "FEATURE_EXTRACTION");

    private final String suffix;
    private final String peftTaskType;

    HeadKind(String suffix, String peftTaskTypeOrNull) {
        this.suffix = suffix;
        this.peftTaskType = peftTaskTypeOrNull;
    }

    /** Returns the end of Hugging Face's class name of a model with this head. */
    public String suffix() {
        return suffix;
    }

    /** Returns PEFT's name of the task, {@code task_type} of adapter_config.json, or null if PEFT has none. */
    public String peftTaskType() {
        return peftTaskType;
    }
}
