package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.sql.functions.col;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.ml.stage.FolderWriter;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import io.github.sparkfinetune.spark.ml.stage.RunSettings;
import io.github.sparkfinetune.spark.source.Columns;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.MLWritable;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Transformer that computes a column from a text with an untrained model folder. The result is null for a text that is
 * null or blank. A saved transformer contains its model.
 *
 * @param <S> subclass
 */
public abstract class TextTransformer<S extends TextTransformer<S>> extends Transformer implements MLWritable {
    private static final long serialVersionUID = 1L;

    /** Temporary column with the computed values. */
    private static final String MADE = "_spark_finetune_made";

    private final String uid;
    private final Param<String> model;
    private final Param<String> inputCol;
    private final Param<String> outputCol;
    private final IntParam maxLength;

    /** @param output content of {@code outputCol} */
    TextTransformer(String uid, String output) {
        // Params read the uid when they are created.
        this.uid = uid;
        model = new Param<>(
                this, "model", "folder of a model in Hugging Face layout that the executors see, or hub:ORG/NAME");
        inputCol = new Param<>(this, "inputCol", "column of the text");
        outputCol = new Param<>(this, "outputCol", "column of " + output);
        maxLength = new IntParam(this, "maxLength", "tokens at which a text is cut, special tokens included");
        setDefault(inputCol, TextTrainer.TEXT);
    }

    @Override
    public final String uid() {
        return uid;
    }

    public final Param<String> model() {
        return model;
    }

    public final Param<String> inputCol() {
        return inputCol;
    }

    public final Param<String> outputCol() {
        return outputCol;
    }

    public final IntParam maxLength() {
        return maxLength;
    }

    public final S setModel(String value) {
        return with(model, value);
    }

    public final S setInputCol(String value) {
        return with(inputCol, value);
    }

    public final S setOutputCol(String value) {
        return with(outputCol, value);
    }

    public final S setMaxLength(int value) {
        return with(maxLength, value);
    }

    @SuppressWarnings("unchecked")
    final <T> S with(Param<T> param, T value) {
        set(param, value);
        return (S) this;
    }

    /** Returns whether a file of the model is needed. */
    abstract boolean needs(String file);

    /** Returns the parameters that set keys of the run, by key. */
    Map<String, Param<?>> settings() {
        return Map.of("data.max_length", maxLength);
    }

    /** Adds a column of values that are computed from a text. */
    abstract Dataset<Row> made(Dataset<?> dataset, RunConfig run, Column text, String column);

    /** Returns the added column, derived from the computed values. */
    abstract Outputs outputs(Column made);

    private RunConfig run(SparkSession session) {
        List<String> all = new ArrayList<>(RunSettings.ofTexts(this));
        all.add(RunSettings.setting("model", RunSettings.required(this, model)));
        settings().forEach((key, param) -> {
            if (isDefined(param)) {
                all.add(RunSettings.setting(key, getOrDefault(param)));
            }
        });
        return RunSettings.run(session, this, all);
    }

    /**
     * Adds the column.
     *
     * @throws RunException if the model or a column cannot be used
     */
    @Override
    public final Dataset<Row> transform(Dataset<?> dataset) {
        transformSchema(dataset.schema());
        Column text = Columns.named(getOrDefault(inputCol));
        Dataset<Row> made = made(dataset, run(dataset.sparkSession()), text, MADE);
        return outputs(col(MADE)).columns(made).drop(MADE);
    }

    @Override
    public final StructType transformSchema(StructType schema) {
        ColumnKind.TEXT.require(this, inputCol, schema);
        return outputs(col(MADE)).schema(schema);
    }

    @Override
    public S copy(ParamMap extra) {
        return this.<S>defaultCopy(extra);
    }

    @Override
    public final MLWriter write() {
        return new FolderWriter(this, run(SparkSession.active()).model(), this::needs, Map.of());
    }

    /** Sets the model of a saved folder. */
    final S of(String folder) {
        return setModel(folder + "/" + FolderWriter.MODEL);
    }
}
