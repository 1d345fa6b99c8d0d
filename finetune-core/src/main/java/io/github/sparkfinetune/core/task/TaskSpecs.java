package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/** The tasks. */
public final class TaskSpecs {
    private static final Map<Task, Function<RunConfig, TaskSpec>> ALL = new EnumMap<>(Map.of(
            Task.CLASSIFICATION,
            ClassificationTask::of,
            Task.CAUSAL_LM,
            config -> new CausalLmTask(),
            Task.SFT,
            config -> new SftTask(),
            Task.QUESTION_ANSWERING,
            QuestionAnsweringTask::of,
            Task.TOKEN_CLASSIFICATION,
            config -> new TokenClassificationTask(),
            Task.MASKED_LM,
            MaskedLmTask::of));

    private TaskSpecs() {}

    /** What a run's task is for the engine. */
    public static TaskSpec of(RunConfig config) {
        return ALL.get(config.task()).apply(config);
    }
}
