package io.github.sparkfinetune.core.task;

/**
 * Specification of a task for the engine. A task is a class that implements this interface, and one line of
 * {@code TaskSpecs}. Its {@link io.github.sparkfinetune.data.task.TaskData} makes samples from raw text.
 * Implementations are immutable and are created for a run's configuration.
 */
public interface TaskSpec extends TaskTraining, TaskMetrics, TaskRows, TaskExport {}
