package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.sql.functions.col;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.redact.Redaction;
import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import io.github.sparkfinetune.spark.ml.stage.RunSettings;
import io.github.sparkfinetune.spark.redact.RedactedFrame;
import io.github.sparkfinetune.spark.source.Columns;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Replaces personal data in texts, by the rules, the model and the operators of {@code data.redact}. {@code outputCol}
 * holds the redacted text; the result of a null is null. The key for hashes, pseudonyms and moved dates is in a file,
 * which no saved stage contains.
 */
public final class TextRedactor extends Transformer implements DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private final String uid;
    private final Param<String> inputCol;
    private final Param<String> outputCol;
    private final StringArrayParam entities;
    private final Param<String> operator;
    private final StringArrayParam operators;
    private final StringArrayParam keep;
    private final StringArrayParam phoneRegions;
    private final Param<String> keyFile;
    private final Param<String> personCol;
    private final Param<String> model;
    private final StringArrayParam labels;
    private final DoubleParam scoreThreshold;

    public TextRedactor() {
        this(Identifiable$.MODULE$.randomUID("textRedactor"));
    }

    /** Creates a stage with a given uid. */
    public TextRedactor(String uid) {
        // Params read the uid when they are created.
        this.uid = uid;
        inputCol = new Param<>(this, "inputCol", "column of the text");
        outputCol = new Param<>(this, "outputCol", "column of the redacted text");
        entities = new StringArrayParam(this, "entities", "entities to find, by the names of Presidio");
        operator = new Param<>(this, "operator", "replace, mask, hash or pseudonym");
        operators = new StringArrayParam(
                this, "operators", "operators of single entities: ENTITY=operator, such as DATE_TIME=date_shift");
        keep = new StringArrayParam(this, "keep", "values that stay as they are");
        phoneRegions = new StringArrayParam(
                this, "phoneRegions", "countries, by their two letters, whose telephone numbers need no +");
        keyFile = new Param<>(this, "keyFile", "file of the key for hash, pseudonym and date_shift");
        personCol = new Param<>(
                this, "personCol", "column of the person, for whom dates move together and pseudonyms are equal");
        model = new Param<>(this, "model", "folder of a token classifier that finds entities besides the rules");
        labels = new StringArrayParam(
                this, "labels", "entities of the model's labels: LABEL=ENTITY, such as PER=PERSON");
        scoreThreshold = new DoubleParam(this, "scoreThreshold", "lowest score of an entity of the model");
        setDefault(inputCol, TextTrainer.TEXT);
        setDefault(outputCol, "redacted");
        setDefault(operators, new String[0]);
        setDefault(labels, new String[0]);
    }

    @Override
    public String uid() {
        return uid;
    }

    public Param<String> inputCol() {
        return inputCol;
    }

    public Param<String> outputCol() {
        return outputCol;
    }

    public StringArrayParam entities() {
        return entities;
    }

    public Param<String> operator() {
        return operator;
    }

    public StringArrayParam operators() {
        return operators;
    }

    public StringArrayParam keep() {
        return keep;
    }

    public StringArrayParam phoneRegions() {
        return phoneRegions;
    }

    public Param<String> keyFile() {
        return keyFile;
    }

    public Param<String> personCol() {
        return personCol;
    }

    public Param<String> model() {
        return model;
    }

    public StringArrayParam labels() {
        return labels;
    }

    public DoubleParam scoreThreshold() {
        return scoreThreshold;
    }

    public TextRedactor setInputCol(String value) {
        return with(inputCol, value);
    }

    public TextRedactor setOutputCol(String value) {
        return with(outputCol, value);
    }

    public TextRedactor setEntities(String[] value) {
        return with(entities, value);
    }

    public TextRedactor setOperator(String value) {
        return with(operator, value);
    }

    /** Sets operators of single entities: {@code ENTITY=operator}. */
    public TextRedactor setOperators(String[] value) {
        return with(operators, value);
    }

    public TextRedactor setKeep(String[] value) {
        return with(keep, value);
    }

    public TextRedactor setPhoneRegions(String[] value) {
        return with(phoneRegions, value);
    }

    public TextRedactor setKeyFile(String value) {
        return with(keyFile, value);
    }

    public TextRedactor setPersonCol(String value) {
        return with(personCol, value);
    }

    public TextRedactor setModel(String value) {
        return with(model, value);
    }

    /** Sets entities of single labels: {@code LABEL=ENTITY}. */
    public TextRedactor setLabels(String[] value) {
        return with(labels, value);
    }

    public TextRedactor setScoreThreshold(double value) {
        return with(scoreThreshold, value);
    }

    private <T> TextRedactor with(Param<T> param, T value) {
        set(param, value);
        return this;
    }

    /**
     * Adds the column.
     *
     * @throws RunException if a parameter, the key or a column cannot be used
     */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        transformSchema(dataset.schema());
        String output = getOrDefault(outputCol);
        Dataset<Row> copied = dataset.toDF().withColumn(output, Columns.named(getOrDefault(inputCol)));
        return RedactedFrame.of(copied, redaction(dataset), List.of(output), RedactedFrame.Counter.NONE);
    }

    private Redaction redaction(Dataset<?> dataset) {
        if (!isDefined(entities)) {
            throw RunException.config(uid + ": entities is not set: it is " + entities.doc());
        }
        List<String> settings = new ArrayList<>(RunSettings.ofTexts(this));
        settings.add(RunSettings.setting("model", uid));
        settings.add(RunSettings.setting("data.redact.operators", pairs(operators, "ENTITY=operator")));
        settings.add(RunSettings.setting("data.redact.labels", pairs(labels, "LABEL=ENTITY")));
        Map<String, Param<?>> params = Map.of(
                "data.redact.entities", entities,
                "data.redact.operator", operator,
                "data.redact.keep", keep,
                "data.redact.phone_regions", phoneRegions,
                "data.redact.key_file", keyFile,
                "data.redact.person", personCol,
                "data.redact.model", model,
                "data.redact.score_threshold", scoreThreshold);
        params.forEach((key, param) -> {
            if (isDefined(param)) {
                settings.add(RunSettings.setting(key, getOrDefault(param)));
            }
        });
        RunConfig run = AbsolutePaths.of(
                RunConfigLoader.parse("{}", uid, settings),
                dataset.sparkSession().sparkContext().hadoopConfiguration());
        Redaction redaction = Redaction.of(run.data().redact());
        if (redaction == null) {
            throw RunException.config(uid + ": entities is empty: it is " + entities.doc());
        }
        return redaction;
    }

    private Map<String, String> pairs(StringArrayParam param, String form) {
        Map<String, String> pairs = new LinkedHashMap<>();
        for (String given : getOrDefault(param)) {
            int equals = given.indexOf('=');
            if (equals < 0) {
                throw RunException.config(uid + ": " + param.name() + " has " + given + ": write it as " + form);
            }
            pairs.put(given.substring(0, equals), given.substring(equals + 1));
        }
        return pairs;
    }

    @Override
    public StructType transformSchema(StructType schema) {
        ColumnKind.TEXT.require(this, inputCol, schema);
        return new Outputs(this)
                .add(outputCol, DataTypes.StringType, () -> col(getOrDefault(inputCol)))
                .schema(schema);
    }

    @Override
    public TextRedactor copy(ParamMap extra) {
        return this.<TextRedactor>defaultCopy(extra);
    }

    /** Returns a reader for a folder that {@link #write} saved. */
    public static MLReader<TextRedactor> read() {
        return new DefaultParamsReader<>();
    }

    /** Loads a stage that {@code save} saved. */
    public static TextRedactor load(String path) {
        return read().load(path);
    }
}
