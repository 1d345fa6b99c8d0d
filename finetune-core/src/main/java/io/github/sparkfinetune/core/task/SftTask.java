package io.github.sparkfinetune.core.task;

import java.util.List;

/** The answers of conversations and instructions (TRL's {@code SFTTrainer}). Held-out prompts can be answered. */
final class SftTask extends LanguageModelTask {
    @Override
    public List<String> answerColumns() {
        return List.of("prompt", "reference", "generated");
    }
}
