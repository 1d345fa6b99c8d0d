package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.RunConfig.Task;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Registry of the tasks by stage. No other class of Spark ML names a task. */
final class TaskStages {
    private static final Map<Task, Class<? extends TrainedModel<?>>> MODELS = new EnumMap<>(Map.of(
            Task.CLASSIFICATION, TextClassifierModel.class,
            Task.QUESTION_ANSWERING, QuestionAnswererModel.class,
            Task.TOKEN_CLASSIFICATION, TokenClassifierModel.class,
            Task.EMBEDDING, TextEmbedderModel.class,
            Task.RERANKING, TextClassifierModel.class));

    /** Tasks of {@link LanguageModel}. */
    private static final Map<Task, LanguageTask> LANGUAGE_TASKS = new EnumMap<>(Map.of(
            Task.CAUSAL_LM, LanguageTask.trained(LanguageInput.TEXT, LanguageOutput.GENERATED, LanguageRows.TEXTS),
            Task.MASKED_LM, LanguageTask.trained(LanguageInput.TEXT, LanguageOutput.FILLED, LanguageRows.TEXTS),
            Task.SFT,
                    LanguageTask.trained(
                            LanguageInput.CONVERSATION, LanguageOutput.GENERATED, LanguageRows.CONVERSATIONS),
            Task.PREFERENCE, LanguageTask.loaded(LanguageInput.PROMPT, LanguageOutput.GENERATED),
            Task.UNPAIRED_PREFERENCE, LanguageTask.loaded(LanguageInput.PROMPT, LanguageOutput.GENERATED),
            Task.REWARD, LanguageTask.loaded(LanguageInput.CONVERSATION, LanguageOutput.REWARD)));

    /**
     * Columns of a task of {@link LanguageModel}.
     *
     * @param input column that the model reads
     * @param output columns that the model adds
     * @param rows rows that {@link LanguageModelTrainer} trains on; empty if it does not train the task
     */
    record LanguageTask(LanguageInput input, LanguageOutput output, Optional<LanguageRows> rows) {
        private static LanguageTask trained(LanguageInput input, LanguageOutput output, LanguageRows rows) {
            return new LanguageTask(input, output, Optional.of(rows));
        }

        private static LanguageTask loaded(LanguageInput input, LanguageOutput output) {
            return new LanguageTask(input, output, Optional.empty());
        }
    }

    /** Comparisons of {@link TextEvaluator}; the first whose type of labels fits is used. */
    private static final Map<Task, List<Comparison>> COMPARISONS = new EnumMap<>(Map.of(
            Task.CLASSIFICATION, List.of(Comparison.ofLabels(), Comparison.ofManyLabels()),
            Task.TOKEN_CLASSIFICATION, List.of(Comparison.ofTags()),
            Task.QUESTION_ANSWERING, List.of(Comparison.ofAnswers()),
            Task.SFT, List.of(Comparison.ofTexts()),
            Task.EMBEDDING, List.of(Comparison.ofVectors()),
            Task.RERANKING, List.of(Comparison.ofScores())));

    private TaskStages() {}

    private static Class<? extends TrainedModel<?>> model(Task task) {
        return LANGUAGE_TASKS.containsKey(task) ? LanguageModel.class : MODELS.get(task);
    }

    /** Returns whether a class loads the models of a task. */
    static boolean loads(Class<?> stage, Task task) {
        return stage == model(task);
    }

    /** Returns a new model of a task, without a run. */
    static TrainedModel<?> newModel(Task task) {
        try {
            return model(task).getConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns whether {@link TextClassifierModel} predicts a score of a pair of texts for a task. */
    static boolean scoresPairs(Task task) {
        return task == Task.RERANKING;
    }

    /** Returns the columns of a task of {@link LanguageModel}. */
    static LanguageTask languageTask(Task task) {
        return LANGUAGE_TASKS.get(task);
    }

    /** Returns the comparisons of {@link TextEvaluator} by the names of the tasks in the configuration. */
    static Map<String, List<Comparison>> comparisons() {
        Map<String, List<Comparison>> named = new LinkedHashMap<>();
        COMPARISONS.forEach((task, comparisons) -> named.put(task.configName(), comparisons));
        return named;
    }

    /** Returns the tasks of {@link LanguageModelTrainer} by their names in the configuration. */
    static Map<String, LanguageTask> trainedLanguageTasks() {
        Map<String, LanguageTask> trained = new LinkedHashMap<>();
        LANGUAGE_TASKS.forEach((task, columns) -> {
            if (columns.rows().isPresent()) {
                trained.put(task.configName(), columns);
            }
        });
        return trained;
    }
}
