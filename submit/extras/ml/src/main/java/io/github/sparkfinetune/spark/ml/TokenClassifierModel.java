package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.udf;

import io.github.sparkfinetune.data.task.TextCleaning;
import io.github.sparkfinetune.spark.entity.EntityModels;
import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.ml.stage.FolderReader;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import io.github.sparkfinetune.spark.ml.stage.WordTags;
import io.github.sparkfinetune.spark.source.Columns;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Tags the words of an array or of a text. {@code predictionCol} holds one tag per word. Tags of entities are in IOB2,
 * even if the model predicted another prefix before a word of the same entity. {@code outputCol}, if set, holds the
 * fields of {@code pipeline} of {@code transformers} with {@code aggregation_strategy="first"}: {@code start} and
 * {@code end} (exclusive), {@code word}, {@code label} and {@code score} of the entities or of every word. Positions
 * count code points of the text, or of the words joined by spaces; with {@code data.redact} those of the redacted text.
 */
public final class TokenClassifierModel extends TextModel<TokenClassifierModel> {
    private static final long serialVersionUID = 1L;

    static final String INPUT = "column of the words, or of the text";
    static final String WORDS = "words";

    private static final ArrayType TAGS = DataTypes.createArrayType(DataTypes.StringType, true);
    private static final ArrayType SPANS = DataTypes.createArrayType(new StructType()
            .add("start", DataTypes.IntegerType)
            .add("end", DataTypes.IntegerType)
            .add("word", DataTypes.StringType)
            .add("label", DataTypes.StringType)
            .add("score", DataTypes.DoubleType));

    public TokenClassifierModel() {
        this(Identifiable$.MODULE$.randomUID("tokenClassifier"));
    }

    /** Creates a stage with a given uid. */
    public TokenClassifierModel(String uid) {
        super(uid, INPUT, "structures of start, end, word, label and score");
        setDefault(inputCol(), WORDS);
    }

    /** Returns the names of the labels by their ids. */
    public List<String> labels() {
        return labelsOfModel();
    }

    @Override
    Map<String, Column> inputs(StructType schema) {
        ColumnKind.WORDS.require(this, inputCol(), schema);
        return Map.of(run().data().text(), input());
    }

    private Column input() {
        return Columns.named(getOrDefault(inputCol()));
    }

    @Override
    Outputs outputs(Column predicted) {
        Column entities = predicted.getField("entities");
        Column tags = predicted.getField("tags");
        String text = run().data().text();
        Column row = WordTags.row(to_json(struct(input().as(text))), entities, tags, col(PERSON));
        return outputs(this, predictionCol(), () -> udf(wordTags(text), TAGS).apply(row))
                .add(outputCol(), SPANS, () -> coalesce(entities, tags).cast(SPANS));
    }

    private WordTags wordTags(String text) {
        TextCleaning cleaning = TextCleaning.of(run().data());
        EntityModels entities = EntityModels.of(SparkSession.active().sparkContext(), cleaning.redaction());
        return new WordTags(cleaning, entities, text);
    }

    /** @param stage trainer or model */
    static Outputs outputs(Params stage, Param<String> prediction, Supplier<Column> tags) {
        return new Outputs(stage).add(prediction, TAGS, tags);
    }

    /** Returns a reader for a folder that {@link #write} saved. */
    public static MLReader<TokenClassifierModel> read() {
        return new FolderReader<>(TrainedModel::of);
    }

    /** Loads a stage that {@code save} saved. */
    public static TokenClassifierModel load(String path) {
        return read().load(path);
    }

    /** Returns the model in the folder of a run, such as a folder of {@code finetune run}. */
    public static TokenClassifierModel ofRun(String outputDir) {
        return new TokenClassifierModel().of(outputDir);
    }
}
