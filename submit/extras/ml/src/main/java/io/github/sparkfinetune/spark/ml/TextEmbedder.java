package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.ml.functions.array_to_vector;
import static org.apache.spark.sql.functions.when;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.ModelFolder;
import io.github.sparkfinetune.spark.ml.stage.FolderReader;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
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
 * Embeds texts with a model, with or without a head. An embedding is the mean of the last layer's hidden states over
 * all tokens of a text, including special tokens, or the pooling of a folder of {@code sentence-transformers}. With
 * {@code normalize} it is divided by its Euclidean norm. Both are as in {@code sentence-transformers} with mean
 * pooling. {@code outputCol} holds a vector of Spark ML. With {@code outputType} {@code array} it holds an
 * {@code array<float>}, as in DJL's {@code TextEmbedder}. Executors load the model once per JVM.
 */
public final class TextEmbedder extends TextTransformer<TextEmbedder> {
    private static final long serialVersionUID = 1L;

    private static final String VECTOR = "vector";
    private static final String ARRAY = "array";
    private static final ArrayType FLOATS = DataTypes.createArrayType(DataTypes.FloatType, false);

    private final BooleanParam normalize;
    private final IntParam batchSize;
    private final Param<String> outputType;
    /** Name of the loaded model on the executors; copies share it. */
    private String modelName = UUID.randomUUID().toString();

    public TextEmbedder() {
        this(Identifiable$.MODULE$.randomUID("textEmbedder"));
    }

    /** Creates a stage with a given uid. */
    public TextEmbedder(String uid) {
        super(uid, "the embedding");
        normalize = new BooleanParam(this, "normalize", "whether an embedding is divided by its Euclidean norm");
        batchSize = new IntParam(this, "batchSize", "texts in a batch");
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

    /** Sets the type of the embeddings: {@code vector} or {@code array}. */
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
        return FrameEmbeddings.of(dataset, run, text, modelName, (boolean) getOrDefault(normalize), column);
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
        copy.modelName = modelName;
        return copy;
    }

    /** Returns a reader for a folder that {@link #write} saved. */
    public static MLReader<TextEmbedder> read() {
        return new FolderReader<>(TextTransformer::of);
    }

    /** Loads a stage that {@code save} saved. */
    public static TextEmbedder load(String path) {
        return read().load(path);
    }
}
