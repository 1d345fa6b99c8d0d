package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.source.Columns;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;

/**
 * Fine-tunes a language model. The task decides the columns. {@code causal-lm} and {@code masked-lm} read a text in
 * {@code inputCol}. {@code sft} reads a conversation in {@code inputCol}. If {@code labelCol} is set, {@code sft} reads
 * a prompt in {@code inputCol} and its answer in {@code labelCol}, both as texts or both as conversations.
 */
public final class LanguageModelTrainer extends TextTrainer<LanguageModelTrainer, LanguageModel> {
    private static final long serialVersionUID = 1L;
    private static final Set<Task> TASKS = EnumSet.of(Task.CAUSAL_LM, Task.SFT, Task.MASKED_LM);

    private final Param<String> task;

    public LanguageModelTrainer() {
        this(Identifiable$.MODULE$.randomUID("languageModelTrainer"));
    }

    /** Creates a stage with a given uid. */
    public LanguageModelTrainer(String uid) {
        super(uid, LanguageModel.INPUT);
        task = new Param<>(this, "task", "causal-lm, sft or masked-lm");
        setDefault(task, "causal-lm");
    }

    public Param<String> task() {
        return task;
    }

    /** Sets the task: {@code causal-lm}, {@code sft} or {@code masked-lm}. */
    public LanguageModelTrainer setTask(String value) {
        return with(task, value);
    }

    private Task kind() {
        String name = getOrDefault(task);
        return TASKS.stream()
                .filter(one -> RunSettings.setting("task", one).equals(RunSettings.setting("task", name)))
                .findFirst()
                .orElseThrow(() ->
                        RunException.config(uid() + ": task is " + name + ": set it to causal-lm, sft or masked-lm"));
    }

    @Override
    List<String> taskSettings() {
        List<String> settings = new ArrayList<>(List.of(RunSettings.setting("task", kind())));
        if (kind() != Task.SFT) {
            settings.add(RunSettings.setting("data.text", getOrDefault(inputCol())));
        }
        return settings;
    }

    /** Renames the columns to the names that the task knows. */
    @Override
    Dataset<Row> rows(Dataset<?> dataset) {
        if (kind() != Task.SFT) {
            return dataset.toDF();
        }
        Column input = Columns.named(getOrDefault(inputCol()));
        return hasLabel()
                ? dataset.select(
                        input.as(LanguageModel.PROMPT),
                        Columns.named(getOrDefault(labelCol())).as("completion"))
                : dataset.select(input.as(LanguageModel.conversation(inputType(dataset.schema()))));
    }

    private DataType inputType(StructType schema) {
        return schema.apply(getOrDefault(inputCol())).dataType();
    }

    private boolean hasLabel() {
        return isDefined(labelCol());
    }

    @Override
    LanguageModel trained(RunConfig run, Dataset<?> dataset) {
        LanguageModel trained = new LanguageModel();
        return (run.task() == Task.SFT ? trained.setChat(!ColumnKind.isText(inputType(dataset.schema()))) : trained)
                .of(run);
    }

    @Override
    Outputs outputs(StructType schema) {
        boolean sft = kind() == Task.SFT;
        if (hasLabel() && !sft) {
            throw RunException.config(uid() + ": labelCol: task " + getOrDefault(task)
                    + " trains only on inputCol: leave labelCol out, or set task to sft");
        }
        ColumnKind input = !sft ? ColumnKind.TEXT : hasLabel() ? ColumnKind.PROMPT : ColumnKind.CONVERSATION;
        DataType type = input.require(this, inputCol(), schema);
        if (hasLabel()) {
            (ColumnKind.isText(type) ? ColumnKind.TEXT : ColumnKind.MESSAGES).require(this, labelCol(), schema);
        }
        return LanguageModel.outputs(this, kind(), predictionCol(), NONE);
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
