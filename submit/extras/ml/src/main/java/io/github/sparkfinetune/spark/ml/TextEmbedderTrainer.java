package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import io.github.sparkfinetune.spark.ml.stage.RunSettings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructType;

/**
 * Fine-tunes a model to embed texts near to the texts that belong to them. A row is a pair of texts. The texts of the
 * other rows are what a text is trained to be far from, and those of {@code negativeCol} if it is set. With
 * {@code embedding.loss=cosent} in the {@code settings}, {@code labelCol} holds a score from 0 to 1 for each pair.
 */
public final class TextEmbedderTrainer extends TextTrainer<TextEmbedderTrainer, TextEmbedderModel> {
    private static final long serialVersionUID = 1L;

    private static final String COSENT = "embedding.loss=cosent";

    private final Param<String> pairCol;
    private final Param<String> negativeCol;

    public TextEmbedderTrainer() {
        this(Identifiable$.MODULE$.randomUID("textEmbedderTrainer"));
    }

    /** Creates a stage with a given uid. */
    public TextEmbedderTrainer(String uid) {
        super(uid, TextEmbedderModel.INPUT);
        pairCol = new Param<>(this, "pairCol", "column of the text that belongs to it");
        negativeCol = new Param<>(this, "negativeCol", "column with a text, or a list of texts, that does not");
        setDefault(pairCol, "pair");
        setDefault(labelCol(), "label");
        setDefault(predictionCol(), TextEmbedderModel.EMBEDDING);
    }

    public Param<String> pairCol() {
        return pairCol;
    }

    public Param<String> negativeCol() {
        return negativeCol;
    }

    public TextEmbedderTrainer setPairCol(String value) {
        return with(pairCol, value);
    }

    public TextEmbedderTrainer setNegativeCol(String value) {
        return with(negativeCol, value);
    }

    @Override
    List<String> taskSettings() {
        List<String> all = new ArrayList<>(List.of(
                "task=embedding",
                RunSettings.setting("data.text", getOrDefault(inputCol())),
                RunSettings.setting("data.text_pair", getOrDefault(pairCol)),
                RunSettings.setting("data.label", getOrDefault(labelCol()))));
        if (isDefined(negativeCol)) {
            all.add(RunSettings.setting("embedding.negative", getOrDefault(negativeCol)));
        }
        return all;
    }

    @Override
    TextEmbedderModel trained(RunConfig run, Dataset<?> dataset) {
        return new TextEmbedderModel().of(run);
    }

    @Override
    Outputs outputs(StructType schema) {
        ColumnKind.TEXT.require(this, inputCol(), schema);
        ColumnKind.TEXT.require(this, pairCol, schema);
        if (isDefined(negativeCol)) {
            ColumnKind.WORDS.require(this, negativeCol, schema);
        }
        if (Arrays.asList(getOrDefault(settings())).contains(COSENT)) {
            ColumnKind.NUMBER.require(this, labelCol(), schema);
        }
        return TextEmbedderModel.outputs(this, NONE, predictionCol());
    }

    /** Returns a reader for a folder that {@link #write} saved. */
    public static MLReader<TextEmbedderTrainer> read() {
        return new DefaultParamsReader<>();
    }

    /** Loads a stage that {@code save} saved. */
    public static TextEmbedderTrainer load(String path) {
        return read().load(path);
    }
}
