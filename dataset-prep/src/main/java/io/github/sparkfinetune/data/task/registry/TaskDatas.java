package io.github.sparkfinetune.data.task.registry;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.SourcePreview;
import io.github.sparkfinetune.data.task.TaskCandidate;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.classification.ClassificationData;
import io.github.sparkfinetune.data.task.classification.LabelledTextDetector;
import io.github.sparkfinetune.data.task.language.CausalLmData;
import io.github.sparkfinetune.data.task.language.ConversationDetector;
import io.github.sparkfinetune.data.task.language.DocumentDetector;
import io.github.sparkfinetune.data.task.language.MaskedLmData;
import io.github.sparkfinetune.data.task.language.PreferenceData;
import io.github.sparkfinetune.data.task.language.PreferenceDetector;
import io.github.sparkfinetune.data.task.language.RewardData;
import io.github.sparkfinetune.data.task.language.SftData;
import io.github.sparkfinetune.data.task.language.UnpairedPreferenceData;
import io.github.sparkfinetune.data.task.language.UnpairedPreferenceDetector;
import io.github.sparkfinetune.data.task.question.QuestionAnsweringData;
import io.github.sparkfinetune.data.task.question.QuestionDetector;
import io.github.sparkfinetune.data.task.retrieval.EmbeddingData;
import io.github.sparkfinetune.data.task.retrieval.RerankingData;
import io.github.sparkfinetune.data.task.token.TaggedTextDetector;
import io.github.sparkfinetune.data.task.token.TokenClassificationData;
import java.io.IOException;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Registry of the data side of every task. */
public final class TaskDatas {
    private static final Map<Task, Function<RunConfig, TaskData<?>>> TASKS = new EnumMap<>(Task.class);

    static {
        TASKS.put(Task.CLASSIFICATION, ClassificationData::of);
        TASKS.put(Task.CAUSAL_LM, CausalLmData::of);
        TASKS.put(Task.SFT, SftData::of);
        TASKS.put(Task.QUESTION_ANSWERING, QuestionAnsweringData::of);
        TASKS.put(Task.TOKEN_CLASSIFICATION, TokenClassificationData::of);
        TASKS.put(Task.MASKED_LM, MaskedLmData::of);
        TASKS.put(Task.PREFERENCE, PreferenceData::of);
        TASKS.put(Task.UNPAIRED_PREFERENCE, UnpairedPreferenceData::of);
        TASKS.put(Task.REWARD, RewardData::of);
        TASKS.put(Task.EMBEDDING, EmbeddingData::of);
        TASKS.put(Task.RERANKING, RerankingData::of);
    }

    /** Detectors of sources by task; the more specific a task, the earlier. */
    private static final Map<Task, Function<SourcePreview, Optional<TaskCandidate>>> DETECTORS = new LinkedHashMap<>();

    static {
        DETECTORS.put(Task.QUESTION_ANSWERING, QuestionDetector::of);
        DETECTORS.put(Task.TOKEN_CLASSIFICATION, TaggedTextDetector::of);
        DETECTORS.put(Task.PREFERENCE, PreferenceDetector::of);
        DETECTORS.put(Task.REWARD, PreferenceDetector::of);
        DETECTORS.put(Task.UNPAIRED_PREFERENCE, UnpairedPreferenceDetector::of);
        DETECTORS.put(Task.SFT, ConversationDetector::of);
        DETECTORS.put(Task.CLASSIFICATION, LabelledTextDetector::of);
        DETECTORS.put(Task.CAUSAL_LM, DocumentDetector::of);
        DETECTORS.put(Task.MASKED_LM, DocumentDetector::of);
    }

    private TaskDatas() {}

    /** Returns the tasks that a source can train, the likeliest first. */
    public static Map<Task, TaskCandidate> candidates(SourcePreview preview) {
        Map<Task, TaskCandidate> found = new LinkedHashMap<>();
        DETECTORS.forEach(
                (task, detector) -> detector.apply(preview).ifPresent(candidate -> found.put(task, candidate)));
        return found;
    }

    /** Returns the data side of a run's task. */
    public static TaskData<?> of(RunConfig config) {
        return TASKS.get(config.task()).apply(config);
    }

    /**
     * Returns a model's tokenizer as a run and its task use it.
     *
     * @param modelFolder the run's model, or a copy of it
     * @param positions number of positions of the model, the longest sample that it can read; 0 if unknown
     * @throws RunException if the folder has no readable tokenizer, or the tokenizer does not fit
     */
    public static TokenizerFiles tokenizer(
            Path modelFolder, RunConfig config, ToIntFunction<HfConfig> positions, Configuration hadoop)
            throws IOException {
        return of(config).tokenizer(TokenizerFiles.read(modelFolder, config, positions, hadoop));
    }
}
