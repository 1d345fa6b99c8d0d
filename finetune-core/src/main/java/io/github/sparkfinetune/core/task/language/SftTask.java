package io.github.sparkfinetune.core.task.language;

import java.util.List;

/** The answers of conversations and instructions (TRL's {@code SFTTrainer}). Held-out prompts can be answered. */
public final class SftTask extends LanguageModelTask {
    @Override
    public List<String> answerColumns() {
        return List.of("prompt", "reference", "generated");
    }
}
