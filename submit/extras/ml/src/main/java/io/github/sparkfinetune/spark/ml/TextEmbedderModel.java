package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.ml.functions.array_to_vector;
import static org.apache.spark.sql.functions.when;

import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.ml.stage.FolderReader;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import io.github.sparkfinetune.spark.source.Columns;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Embeds texts with a model that {@link TextEmbedderTrainer} or {@code finetune run} has trained. {@code predictionCol}
 * holds a vector of Spark ML, not normalized. If {@code outputCol} is set, it holds the same as {@code array<float>}.
 * {@code side} chooses the prompt of the texts. The columns are null for a text that cannot be used.
 */
public final class TextEmbedderModel extends TextModel<TextEmbedderModel> {
    private static final long serialVersionUID = 1L;

    static final String INPUT = "column of the text";
    static final String EMBEDDING = "embedding";

    private static final ArrayType FLOATS = DataTypes.createArrayType(DataTypes.FloatType, false);

    private final Param<String> side;

    public TextEmbedderModel() {
        this(Identifiable$.MODULE$.randomUID("textEmbedder"));
    }

    /** Creates a stage with a given uid. */
    public TextEmbedderModel(String uid) {
        super(uid, INPUT, "the embedding as array<float>");
        side = new Param<>(this, "side", "query or document: the prompt of the texts; unset: embedding.predict_as");
        setDefault(predictionCol(), EMBEDDING);
    }

    public Param<String> side() {
        return side;
    }

    /** Sets the side of a pair whose prompt the texts get: {@code query} or {@code document}. */
    public TextEmbedderModel setSide(String value) {
        return with(side, value);
    }

    @Override
    Map<String, Param<?>> settings() {
        Map<String, Param<?>> settings = new LinkedHashMap<>(super.settings());
        settings.put("embedding.predict_as", side);
        return settings;
    }

    @Override
    Map<String, Column> inputs(StructType schema) {
        ColumnKind.TEXT.require(this, inputCol(), schema);
        return Map.of(run().data().text(), Columns.named(getOrDefault(inputCol())));
    }

    @Override
    Outputs outputs(Column predicted) {
        Column embedding = predicted.getField(EMBEDDING);
        return outputs(this, embedding, predictionCol()).add(outputCol(), FLOATS, () -> embedding);
    }

    /**
     * Returns the column of the vectors.
     *
     * @param stage trainer or model
     */
    static Outputs outputs(Params stage, Column embedding, Param<String> prediction) {
        return new Outputs(stage)
                .add(
                        prediction,
                        SQLDataTypes.VectorType(),
                        () -> when(embedding.isNotNull(), array_to_vector(embedding.cast("array<double>"))));
    }

    /** Returns a reader for a folder that {@link #write} saved. */
    public static MLReader<TextEmbedderModel> read() {
        return new FolderReader<>(TrainedModel::of);
    }

    /** Loads a stage that {@code save} saved. */
    public static TextEmbedderModel load(String path) {
        return read().load(path);
    }

    /** Returns the model in the folder of a run, such as a folder of {@code finetune run}. */
    public static TextEmbedderModel ofRun(String outputDir) {
        return new TextEmbedderModel().of(outputDir);
    }
}
