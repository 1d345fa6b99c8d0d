package io.github.sparkfinetune.core.task;

/**
 * A task as the engine knows it. A task is a class of this interface and a line of {@code TaskSpecs}; how raw text
 * becomes its samples is its {@link io.github.sparkfinetune.data.task.TaskData}. Implementations are immutable; they
 * are made for a run's configuration.
 */
public interface TaskSpec extends TaskTraining, TaskMetrics, TaskRows, TaskExport {}
