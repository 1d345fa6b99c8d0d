package io.github.sparkfinetune.core.task.language;

import java.util.List;

/** Training on answers of conversations and instructions (TRL's {@code SFTTrainer}); it can answer held-out prompts. */
public final class SftTask extends LanguageModelTask {
    @Override
    public List<String> answerColumns() {
        return List.of("prompt", "reference", "generated");
    }
}
