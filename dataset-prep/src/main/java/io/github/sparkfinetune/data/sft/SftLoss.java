package io.github.sparkfinetune.data.sft;

/**
 * Which tokens are trained.
 *
 * @param completionOnly of a prompt and completion, the completion's (TRL: {@code completion_only_loss})
 * @param assistantOnly of messages, the assistant's (TRL: {@code assistant_only_loss})
 */
public record SftLoss(boolean completionOnly, boolean assistantOnly) {

    /** By {@code data.assistant_only_loss}: both, or all tokens. */
    public static SftLoss of(boolean assistantOnlyLoss) {
        return new SftLoss(assistantOnlyLoss, assistantOnlyLoss);
    }
}
