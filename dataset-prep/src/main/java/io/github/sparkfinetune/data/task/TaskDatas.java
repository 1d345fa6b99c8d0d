package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/** The data side of every task. */
public final class TaskDatas {
    private static final Map<Task, Function<RunConfig, TaskData<?>>> TASKS = new EnumMap<>(Map.of(
            Task.CLASSIFICATION, ClassificationData::of,
            Task.CAUSAL_LM, CausalLmData::of,
            Task.SFT, SftData::of,
            Task.QUESTION_ANSWERING, QuestionAnsweringData::of));

    private TaskDatas() {}

    /** That of a run's task. */
    public static TaskData<?> of(RunConfig config) {
        return TASKS.get(config.task()).apply(config);
    }
}
