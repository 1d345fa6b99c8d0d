package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import io.github.sparkfinetune.spark.ml.stage.RunSettings;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/**
 * Fine-tunes a language model. The task decides the columns. {@code causal-lm} and {@code masked-lm} read a text in
 * {@code inputCol}. {@code sft} reads a conversation in {@code inputCol}. If {@code labelCol} is set, {@code sft} reads
 * a prompt in {@code inputCol} and its answer in {@code labelCol}, both as texts or both as conversations.
 */
public final class LanguageModelTrainer extends TextTrainer<LanguageModelTrainer, LanguageModel> {
    private static final long serialVersionUID = 1L;

    private final Param<String> task;

    public LanguageModelTrainer() {
        this(Identifiable$.MODULE$.randomUID("languageModelTrainer"));
    }

    /** Creates a stage with a given uid. */
    public LanguageModelTrainer(String uid) {
        super(uid, LanguageModel.INPUT);
        task = new Param<>(this, "task", tasks());
        setDefault(task, "causal-lm");
    }

    public Param<String> task() {
        return task;
    }

    /** Sets the task: {@code causal-lm}, {@code sft} or {@code masked-lm}. */
    public LanguageModelTrainer setTask(String value) {
        return with(task, value);
    }

    private TaskStages.LanguageTask columns() {
        String name = getOrDefault(task);
        TaskStages.LanguageTask columns = TaskStages.trainedLanguageTasks().get(name);
        if (columns == null) {
            throw RunException.config(uid() + ": task is " + name + ": set it to " + tasks());
        }
        return columns;
    }

    private static String tasks() {
        List<String> names = List.copyOf(TaskStages.trainedLanguageTasks().keySet());
        int last = names.size() - 1;
        return String.join(", ", names.subList(0, last)) + " or " + names.get(last);
    }

    private LanguageRows rows() {
        return columns().rows().orElseThrow();
    }

    @Override
    List<String> taskSettings() {
        List<String> settings = new ArrayList<>(List.of(RunSettings.setting("task", getOrDefault(task))));
        settings.addAll(rows().settings(this));
        return settings;
    }

    @Override
    Dataset<Row> rows(Dataset<?> dataset) {
        return rows().of(this, dataset);
    }

    @Override
    LanguageModel trained(RunConfig run, Dataset<?> dataset) {
        return rows().model(dataset.schema().apply(getOrDefault(inputCol())).dataType())
                .of(run);
    }

    @Override
    Outputs outputs(StructType schema) {
        rows().requireColumns(this, schema);
        return columns().output().prediction(this, predictionCol(), NONE);
    }

    /** Returns a reader for a folder that {@link #write} saved. */
    public static MLReader<LanguageModelTrainer> read() {
        return new DefaultParamsReader<>();
    }

    /** Loads a stage that {@code save} saved. */
    public static LanguageModelTrainer load(String path) {
        return read().load(path);
    }
}
