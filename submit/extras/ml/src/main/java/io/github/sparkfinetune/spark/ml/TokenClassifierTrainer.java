package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import io.github.sparkfinetune.spark.ml.stage.RunSettings;
import java.util.List;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructType;

/**
 * Fine-tunes a model to tag words. A row is an array of words with an array of as many tags ({@code B-PER}, or parts of
 * speech), or a text with spans of entities in code points.
 */
public final class TokenClassifierTrainer extends TextTrainer<TokenClassifierTrainer, TokenClassifierModel> {
    private static final long serialVersionUID = 1L;

    public TokenClassifierTrainer() {
        this(Identifiable$.MODULE$.randomUID("tokenClassifierTrainer"));
    }

    /** Creates a stage with a given uid. */
    public TokenClassifierTrainer(String uid) {
        super(uid, TokenClassifierModel.INPUT);
        setDefault(inputCol(), TokenClassifierModel.WORDS);
        setDefault(labelCol(), "tags");
    }

    @Override
    List<String> taskSettings() {
        return List.of(
                "task=token-classification",
                RunSettings.setting("data.text", getOrDefault(inputCol())),
                RunSettings.setting("data.label", getOrDefault(labelCol())));
    }

    @Override
    TokenClassifierModel trained(RunConfig run, Dataset<?> dataset) {
        return new TokenClassifierModel().of(run);
    }

    @Override
    Outputs outputs(StructType schema) {
        ColumnKind.WORDS.require(this, inputCol(), schema);
        ColumnKind.TAGS.require(this, labelCol(), schema);
        return TokenClassifierModel.outputs(this, predictionCol(), () -> NONE);
    }

    /** Returns a reader for a folder that {@link #write} saved. */
    public static MLReader<TokenClassifierTrainer> read() {
        return new DefaultParamsReader<>();
    }

    /** Loads a stage that {@code save} saved. */
    public static TokenClassifierTrainer load(String path) {
        return read().load(path);
    }
}
