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
import io.github.sparkfinetune.core.task.retrieval.RerankingTask;
import io.github.sparkfinetune.core.task.token.TokenClassificationTask;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/** Registry of all tasks. */
public final class TaskSpecs {
    private static final Map<Task, Function<RunConfig, TaskSpec>> ALL = new EnumMap<>(Task.class);

    static {
        ALL.put(Task.CLASSIFICATION, ClassificationTask::of);
        ALL.put(Task.CAUSAL_LM, CausalLmTask::of);
        ALL.put(Task.SFT, SftTask::of);
        ALL.put(Task.QUESTION_ANSWERING, QuestionAnsweringTask::of);
        ALL.put(Task.TOKEN_CLASSIFICATION, config -> new TokenClassificationTask());
        ALL.put(Task.MASKED_LM, MaskedLmTask::of);
        ALL.put(Task.PREFERENCE, PreferenceTask::of);
        ALL.put(Task.UNPAIRED_PREFERENCE, UnpairedPreferenceTask::of);
        ALL.put(Task.REWARD, RewardTask::of);
        ALL.put(Task.EMBEDDING, EmbeddingTask::of);
        ALL.put(Task.RERANKING, RerankingTask::of);
    }

    private TaskSpecs() {}

    /** Returns the specification of a run's task. */
    public static TaskSpec of(RunConfig config) {
        return ALL.get(config.task()).apply(config);
    }
}
