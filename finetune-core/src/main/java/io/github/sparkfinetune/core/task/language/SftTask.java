package io.github.sparkfinetune.core.task.language;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.TeacherConfig;
import io.github.sparkfinetune.core.task.AnswerColumns;
import java.util.Optional;

/** Training on answers of conversations and instructions (TRL's {@code SFTTrainer}); it can answer held-out prompts. */
public final class SftTask extends LanguageModelTask {
    private SftTask(TeacherConfig teacher) {
        super(teacher);
    }

    /** Returns the task of a run. */
    public static SftTask of(RunConfig config) {
        return new SftTask(config.teacher());
    }

    @Override
    public Optional<AnswerColumns> answerColumns() {
        return Optional.of(new AnswerColumns("prompt", "reference", "generated"));
    }
}
