package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.array_distinct;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.filter;
import static org.apache.spark.sql.functions.flatten;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.slice;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.spark.source.Columns;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Language model that continues texts, answers prompts or fills in mask tokens, as it was trained.
 * {@code predictionCol} holds the generated text; {@code outputCol} holds the same text if it is set.
 *
 * <p>For a masked language model, {@code predictionCol} holds the likeliest token at each mask token. {@code outputCol}
 * then holds the {@code topK} likeliest tokens with the fields of {@code pipeline("fill-mask")} of
 * {@code transformers}: {@code mask}, {@code score}, {@code token}, {@code token_str}. Generation parameters that are
 * not set have the run's values.
 */
public final class LanguageModel extends TextModel<LanguageModel> {
    private static final long serialVersionUID = 1L;

    static final String INPUT = "column of the text, the conversation or the prompt";
    static final Set<Task> TASKS =
            EnumSet.of(Task.CAUSAL_LM, Task.SFT, Task.MASKED_LM, Task.PREFERENCE, Task.UNPAIRED_PREFERENCE);
    /** Name of the prompt in the tasks sft, preference and unpaired-preference. */
    static final String PROMPT = "prompt";

    private static final String MESSAGES = "messages";
    private static final ArrayType TOKENS = DataTypes.createArrayType(DataTypes.StringType);
    private static final ArrayType FILLED = DataTypes.createArrayType(new StructType()
            .add("mask", DataTypes.IntegerType)
            .add("score", DataTypes.DoubleType)
            .add("token", DataTypes.IntegerType)
            .add("token_str", DataTypes.StringType));

    private final BooleanParam chat;
    private final IntParam maxNewTokens;
    private final BooleanParam doSample;
    private final DoubleParam temperature;
    private final IntParam topK;
    private final DoubleParam topP;
    private final DoubleParam repetitionPenalty;

    public LanguageModel() {
        this(Identifiable$.MODULE$.randomUID("languageModel"));
    }

    /** Creates a stage with a given uid. */
    public LanguageModel(String uid) {
        super(uid, INPUT, "the generated text again, or of the likeliest tokens at each mask token");
        chat = new BooleanParam(this, "chat", "task sft: whether a string is a user's message for the chat template");
        maxNewTokens = new IntParam(this, "maxNewTokens", "most tokens of an answer");
        doSample = new BooleanParam(this, "doSample", "whether tokens are sampled; else the likeliest token is taken");
        temperature = new DoubleParam(this, "temperature", "divisor of the logits before a token is sampled");
        topK = new IntParam(
                this,
                "topK",
                "number of likeliest tokens to sample from, 0: all; for a masked language model the tokens in outputCol"
                        + " per mask token, at most 5");
        topP = new DoubleParam(this, "topP", "sum of the probabilities of the likeliest tokens to sample from");
        repetitionPenalty =
                new DoubleParam(this, "repetitionPenalty", "penalty on tokens that occurred before; 1: none");
        setDefault(chat, true);
    }

    public BooleanParam chat() {
        return chat;
    }

    public IntParam maxNewTokens() {
        return maxNewTokens;
    }

    public BooleanParam doSample() {
        return doSample;
    }

    public DoubleParam temperature() {
        return temperature;
    }

    public IntParam topK() {
        return topK;
    }

    public DoubleParam topP() {
        return topP;
    }

    public DoubleParam repetitionPenalty() {
        return repetitionPenalty;
    }

    /**
     * Sets whether a string is a message: false for a model that was trained on prompts and completions that are texts.
     */
    public LanguageModel setChat(boolean value) {
        return with(chat, value);
    }

    public LanguageModel setMaxNewTokens(int value) {
        return with(maxNewTokens, value);
    }

    public LanguageModel setDoSample(boolean value) {
        return with(doSample, value);
    }

    public LanguageModel setTemperature(double value) {
        return with(temperature, value);
    }

    public LanguageModel setTopK(int value) {
        return with(topK, value);
    }

    public LanguageModel setTopP(double value) {
        return with(topP, value);
    }

    public LanguageModel setRepetitionPenalty(double value) {
        return with(repetitionPenalty, value);
    }

    @Override
    Set<Task> tasks() {
        return TASKS;
    }

    @Override
    Map<String, Param<?>> settings() {
        Map<String, Param<?>> settings = new LinkedHashMap<>(super.settings());
        if (run().task().generates()) {
            settings.put("generation.max_new_tokens", maxNewTokens);
            settings.put("generation.do_sample", doSample);
            settings.put("generation.temperature", temperature);
            settings.put("generation.top_k", topK);
            settings.put("generation.top_p", topP);
            settings.put("generation.repetition_penalty", repetitionPenalty);
        }
        return settings;
    }

    @Override
    Map<String, Column> inputs(StructType schema) {
        Column input = Columns.named(getOrDefault(inputCol()));
        boolean preference = run().task() == Task.PREFERENCE || run().task() == Task.UNPAIRED_PREFERENCE;
        if (run().task() != Task.SFT && !preference) {
            ColumnKind.TEXT.require(this, inputCol(), schema);
            return Map.of(run().data().columns().text(), input);
        }
        DataType type = ColumnKind.ASKED.require(this, inputCol(), schema);
        if (!ColumnKind.isText(type)) {
            return Map.of(preference ? PROMPT : conversation(type), input);
        }
        if (!(boolean) getOrDefault(chat)) {
            return Map.of(PROMPT, input);
        }
        Column message = struct(lit("user").as("role"), input.as("content"));
        return Map.of(preference ? PROMPT : MESSAGES, when(input.isNotNull(), array(message)));
    }

    /** Returns the name of a column of conversations for task sft. */
    static String conversation(DataType type) {
        return ColumnKind.isFromAndValue(type) ? "conversations" : MESSAGES;
    }

    @Override
    Outputs outputs(Column predicted) {
        Outputs outputs = outputs(this, run().task(), predictionCol(), predicted);
        if (run().task().generates()) {
            return outputs.add(outputCol(), DataTypes.StringType, () -> predicted.getField("generated"));
        }
        Column filled = predicted.getField("predictions");
        return outputs.add(outputCol(), FILLED, () -> {
            Column likeliest = isDefined(topK)
                    ? flatten(perMask(filled, mask -> slice(mask, 1, (int) getOrDefault(topK))))
                    : filled;
            return likeliest.cast(FILLED);
        });
    }

    /** @param stage trainer or model */
    static Outputs outputs(Params stage, Task task, Param<String> prediction, Column predicted) {
        Outputs outputs = new Outputs(stage);
        return task.generates()
                ? outputs.add(prediction, DataTypes.StringType, () -> predicted.getField("generated"))
                : outputs.add(
                        prediction,
                        TOKENS,
                        () -> perMask(
                                predicted.getField("predictions"),
                                mask -> element_at(mask, 1).getField("token_str")));
    }

    /** Applies a function to the tokens at each mask token, likeliest first. */
    private static Column perMask(Column filled, UnaryOperator<Column> function) {
        Column masks = array_distinct(functions.transform(filled, one -> one.getField("mask")));
        return functions.transform(
                masks,
                mask -> function.apply(
                        filter(filled, one -> one.getField("mask").equalTo(mask))));
    }

    /** Returns a reader for a folder that {@link #write} saved. */
    public static MLReader<LanguageModel> read() {
        return new FolderReader<>(TrainedModel::of);
    }

    /** Loads a stage that {@code save} saved. */
    public static LanguageModel load(String path) {
        return read().load(path);
    }

    /** Returns the model in the folder of a run, such as a folder of {@code finetune run}. */
    public static LanguageModel ofRun(String outputDir) {
        return new LanguageModel().of(outputDir);
    }
}
