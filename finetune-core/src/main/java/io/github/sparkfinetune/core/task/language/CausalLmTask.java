package io.github.sparkfinetune.core.task.language;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.TeacherConfig;

/** Prediction of the next token of every text ({@code ForCausalLM}). */
public final class CausalLmTask extends LanguageModelTask {
    private CausalLmTask(TeacherConfig teacher) {
        super(teacher);
    }

    /** Returns the task of a run. */
    public static CausalLmTask of(RunConfig config) {
        return new CausalLmTask(config.teacher());
    }
}
