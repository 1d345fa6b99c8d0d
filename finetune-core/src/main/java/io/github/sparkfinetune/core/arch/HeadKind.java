package io.github.sparkfinetune.core.arch;

/** What a head predicts. */
public enum HeadKind {
    /** One class a text, from its first token: logits [B, classes]. */
    SEQUENCE_CLASSIFICATION("ForSequenceClassification"),
    /** One class a token: logits [B, T, classes]. */
    TOKEN_CLASSIFICATION("ForTokenClassification"),
    /** Whether the answer begins and ends at a token: logits [B, T, 2]. */
    QUESTION_ANSWERING("ForQuestionAnswering"),
    /** The token at each masked place: hidden states [M, embedding], which the loss maps to logits. */
    MASKED_LM("ForMaskedLM"),
    /** The next token after each: hidden states [M, hidden], which the loss maps to logits. */
    CAUSAL_LM("ForCausalLM"),
    /** Nothing, there is none: hidden states [B, T, hidden] of the last layer. */
    NONE("Model");

    private final String suffix;

    HeadKind(String suffix) {
        this.suffix = suffix;
    }

    /** What Hugging Face's class name of such a model ends with. */
    public String suffix() {
        return suffix;
    }
}
