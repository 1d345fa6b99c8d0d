package io.github.sparkfinetune.data.sft;

/**
 * Choice of the trained tokens.
 *
 * @param completionOnly true to train only the completion of a prompt (TRL: {@code completion_only_loss})
 * @param assistantOnly true to train only the assistant's messages (TRL: {@code assistant_only_loss})
 */
public record SftLoss(boolean completionOnly, boolean assistantOnly) {

    /** Returns the choice of {@code data.assistant_only_loss}: both restrictions, or all tokens. */
    public static SftLoss of(boolean assistantOnlyLoss) {
        return new SftLoss(assistantOnlyLoss, assistantOnlyLoss);
    }
}
