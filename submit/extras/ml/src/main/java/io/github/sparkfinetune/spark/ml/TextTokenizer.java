package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.hf.ModelFolder;
import io.github.sparkfinetune.spark.ml.stage.FolderReader;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import io.github.sparkfinetune.spark.predict.FrameEmbeddings;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;

/**
 * Tokenizes texts with the tokenizer of a model. {@code outputCol} holds an array of integers: the ids of
 * {@code tokenizer(text, truncation=True, max_length=maxLength).input_ids} in {@code transformers}.
 */
public final class TextTokenizer extends TextTransformer<TextTokenizer> {
    private static final long serialVersionUID = 1L;

    public TextTokenizer() {
        this(Identifiable$.MODULE$.randomUID("textTokenizer"));
    }

    /** Creates a stage with a given uid. */
    public TextTokenizer(String uid) {
        super(uid, "the token ids");
        setDefault(outputCol(), "input_ids");
    }

    @Override
    boolean needs(String file) {
        return ModelFolder.isModelFile(file) && !file.endsWith(".safetensors");
    }

    @Override
    Dataset<Row> made(Dataset<?> dataset, RunConfig run, Column text, String column) {
        return FrameEmbeddings.tokens(dataset, run, text, column);
    }

    @Override
    Outputs outputs(Column made) {
        return new Outputs(this).add(outputCol(), DataTypes.createArrayType(DataTypes.IntegerType, false), () -> made);
    }

    /** Returns a reader for a folder that {@link #write} saved. */
    public static MLReader<TextTokenizer> read() {
        return new FolderReader<>(TextTransformer::of);
    }

    /** Loads a stage that {@code save} saved. */
    public static TextTokenizer load(String path) {
        return read().load(path);
    }
}
