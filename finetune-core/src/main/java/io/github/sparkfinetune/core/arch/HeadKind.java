package io.github.sparkfinetune.core.arch;

/** Kind of a head, by its predictions. */
public enum HeadKind {
    /** One class for each text, from an encoder's first token or a decoder's last token: logits [B, classes]. */
    SEQUENCE_CLASSIFICATION("ForSequenceClassification"),
    /** One class for each token: logits [B, T, classes]. */
    TOKEN_CLASSIFICATION("ForTokenClassification"),
    /** Whether an answer begins or ends at each token: logits [B, T, 2]. */
    QUESTION_ANSWERING("ForQuestionAnswering"),
    /** The token at each masked position: hidden states [M, embedding], which the loss maps to logits. */
    MASKED_LM("ForMaskedLM"),
    /** The token after each position: hidden states [M, hidden], which the loss maps to logits. */
    CAUSAL_LM("ForCausalLM"),
    /** No head: hidden states [B, T, hidden] of the last layer. */
    NONE("Model");

    private final String suffix;

    HeadKind(String suffix) {
        this.suffix = suffix;
    }

    /** Returns the end of Hugging Face's class name of a model with this head. */
    public String suffix() {
        return suffix;
    }
}
