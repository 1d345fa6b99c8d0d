package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.RunConfig.Task;
import java.util.EnumMap;
import java.util.Map;

/** The tasks. */
public final class TaskSpecs {
    private static final Map<Task, TaskSpec> ALL = new EnumMap<>(Map.of(
            Task.CLASSIFICATION, new ClassificationTask(),
            Task.CAUSAL_LM, new CausalLmTask(),
            Task.SFT, new SftTask()));

    private TaskSpecs() {}

    /** What a task is for the engine. */
    public static TaskSpec of(Task task) {
        TaskSpec spec = ALL.get(task);
        if (spec == null) {
            throw new IllegalArgumentException("task " + task + " has no specification");
        }
        return spec;
    }
}
