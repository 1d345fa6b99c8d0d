package io.github.sparkfinetune.core.task.registry;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.classification.ClassificationTask;
import io.github.sparkfinetune.core.task.language.CausalLmTask;
import io.github.sparkfinetune.core.task.language.MaskedLmTask;
import io.github.sparkfinetune.core.task.language.PreferenceTask;
import io.github.sparkfinetune.core.task.language.RewardTask;
import io.github.sparkfinetune.core.task.language.SftTask;
import io.github.sparkfinetune.core.task.language.UnpairedPreferenceTask;
import io.github.sparkfinetune.core.task.question.QuestionAnsweringTask;
import io.github.sparkfinetune.core.task.retrieval.EmbeddingTask;
import io.github.sparkfinetune.core.task.token.TokenClassificationTask;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/** Registry of all tasks. */
public final class TaskSpecs {
    private static final Map<Task, Function<RunConfig, TaskSpec>> ALL = new EnumMap<>(Map.of(
            Task.CLASSIFICATION,
            ClassificationTask::of,
            Task.CAUSAL_LM,
            CausalLmTask::of,
            Task.SFT,
            SftTask::of,
            Task.QUESTION_ANSWERING,
            QuestionAnsweringTask::of,
            Task.TOKEN_CLASSIFICATION,
            config -> new TokenClassificationTask(),
            Task.MASKED_LM,
            MaskedLmTask::of,
            Task.PREFERENCE,
            PreferenceTask::of,
            Task.UNPAIRED_PREFERENCE,
            UnpairedPreferenceTask::of,
            Task.REWARD,
            RewardTask::of,
            Task.EMBEDDING,
            EmbeddingTask::of));

    private TaskSpecs() {}

    /** Returns the specification of a run's task. */
    public static TaskSpec of(RunConfig config) {
        return ALL.get(config.task()).apply(config);
    }
}
