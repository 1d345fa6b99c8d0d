package io.github.sparkfinetune.core.arch;

/** Kind of a head, by its predictions. */
public enum HeadKind {
    /** One class for each text, from an encoder's first token or a decoder's last token: logits [B, classes]. */
    SEQUENCE_CLASSIFICATION("ForSequenceClassification", "SEQ_CLS", "sequence_head", "logits"),
    /** One class for each token: logits [B, T, classes]. */
    TOKEN_CLASSIFICATION("ForTokenClassification", "TOKEN_CLS", "token_head", "logits"),
    /** Whether an answer begins or ends at each token: logits [B, T, 2]. */
    QUESTION_ANSWERING("ForQuestionAnswering", "QUESTION_ANS", "token_head", "logits"),
    /** The token at each masked position: hidden states [M, embedding], which the loss maps to logits. */
    MASKED_LM("ForMaskedLM", null, "masked_lm_head", "last_hidden_state"),
    /** The token after each position: hidden states [M, hidden], which the loss maps to logits. */
    CAUSAL_LM("ForCausalLM", "CAUSAL_LM", "head", "last_hidden_state"),
    /** A vector for each text, without weights of its own: embeddings [B, hidden]. */
    EMBEDDING("Model", "FEATURE_EXTRACTION", "embedding_head", "sentence_embedding");

    private final String suffix;
    private final String peftTaskType;
    private final String method;
    private final String output;

    HeadKind(String suffix, String peftTaskTypeOrNull, String method, String output) {
        this.suffix = suffix;
        this.peftTaskType = peftTaskTypeOrNull;
        this.method = method;
        this.output = output;
    }

    /** Returns the end of Hugging Face's class name of a model with this head. */
    public String suffix() {
        return suffix;
    }

    /** Returns PEFT's name of the task, {@code task_type} of adapter_config.json, or null if PEFT has none. */
    public String peftTaskType() {
        return peftTaskType;
    }

    /** Returns the name of the script method that computes the head. */
    public String method() {
        return method;
    }

    /** Returns the name of the head's output, as in the outputs of {@code transformers}. */
    public String output() {
        return output;
    }

    /** Returns whether the head classifies texts, of each of which it reads one token. */
    public boolean classifiesTexts() {
        return this == SEQUENCE_CLASSIFICATION;
    }
}
