package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.ml.functions.array_to_vector;
import static org.apache.spark.sql.functions.when;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.ModelFolder;
import io.github.sparkfinetune.spark.predict.FrameEmbeddings;
import java.util.Map;
import java.util.UUID;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;

/**
 * Embeds texts by an encoder, with a head or without: the mean of the last layer's hidden states over a text's tokens,
 * special tokens included, and with {@code normalize} divided by its Euclidean norm, as {@code sentence-transformers}
 * does with mean pooling. {@code outputCol} has a vector of Spark ML, or, with {@code outputType} {@code array}, an
 * {@code array<float>}, as DJL's {@code TextEmbedder} makes it. Executors load the model once a JVM.
 */
public final class TextEmbedder extends TextTransformer<TextEmbedder> {
    private static final long serialVersionUID = 1L;

    private static final String VECTOR = "vector";
    private static final String ARRAY = "array";
    private static final ArrayType FLOATS = DataTypes.createArrayType(DataTypes.FloatType, false);

    private final BooleanParam normalize;
    private final IntParam batchSize;
    private final Param<String> outputType;
    /** Names what executors have loaded; the same for copies. */
    private String loaded = UUID.randomUUID().toString();

    public TextEmbedder() {
        this(Identifiable$.MODULE$.randomUID("textEmbedder"));
    }

    /** With a uid of one's own. */
    public TextEmbedder(String uid) {
        super(uid, "the embedding");
        normalize = new BooleanParam(this, "normalize", "whether an embedding is divided by its Euclidean norm");
        batchSize = new IntParam(this, "batchSize", "texts that are computed together");
        outputType = new Param<>(this, "outputType", "vector, or array for array<float>");
        setDefault(outputCol(), "embedding");
        setDefault(normalize, false);
        setDefault(outputType, VECTOR);
    }

    public BooleanParam normalize() {
        return normalize;
    }

    public IntParam batchSize() {
        return batchSize;
    }

    public Param<String> outputType() {
        return outputType;
    }

    public TextEmbedder setNormalize(boolean value) {
        return with(normalize, value);
    }

    public TextEmbedder setBatchSize(int value) {
        return with(batchSize, value);
    }

    /** {@code vector}, or {@code array}. */
    public TextEmbedder setOutputType(String value) {
        return with(outputType, value);
    }

    @Override
    boolean needs(String file) {
        return ModelFolder.isModelFile(file);
    }

    @Override
    Map<String, Param<?>> settings() {
        return Map.of("data.max_length", maxLength(), "training.per_device_eval_batch_size", batchSize);
    }

    @Override
    Dataset<Row> made(Dataset<?> dataset, RunConfig run, Column text, String column) {
        return FrameEmbeddings.of(dataset, run, text, loaded, (boolean) getOrDefault(normalize), column);
    }

    @Override
    Outputs outputs(Column made) {
        return switch (getOrDefault(outputType)) {
            case VECTOR ->
                new Outputs(this)
                        .add(
                                outputCol(),
                                SQLDataTypes.VectorType(),
                                () -> when(made.isNotNull(), array_to_vector(made.cast("array<double>"))));
            case ARRAY -> new Outputs(this).add(outputCol(), FLOATS, () -> made);
            default ->
                throw RunException.config(
                        uid() + ": outputType is " + getOrDefault(outputType) + ": set it to vector or array");
        };
    }

    @Override
    public TextEmbedder copy(ParamMap extra) {
        TextEmbedder copy = super.copy(extra);
        copy.loaded = loaded;
        return copy;
    }

    /** Reads what {@link #write} saved. */
    public static MLReader<TextEmbedder> read() {
        return new FolderReader<>(TextTransformer::of);
    }

    /** Reads what {@code save} saved. */
    public static TextEmbedder load(String path) {
        return read().load(path);
    }
}
