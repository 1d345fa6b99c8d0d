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
 * Goes on from texts, answers prompts, or fills in mask tokens, as it was trained. {@code predictionCol} has the
 * generated text, and {@code outputCol}, where it is set, the same; of a masked language model {@code predictionCol}
 * has the likeliest token at each mask token of the text, and {@code outputCol} the {@code topK} likeliest, as
 * {@code pipeline("fill-mask")} of {@code transformers} tells them: {@code mask}, {@code score}, {@code token},
 * {@code token_str}. What a parameter of the generation isn't set to is as the run has it.
 */
public final class LanguageModel extends TextModel<LanguageModel> {
    private static final long serialVersionUID = 1L;

    static final String INPUT = "column of the text, the conversation or the prompt";
    static final Set<Task> TASKS =
            EnumSet.of(Task.CAUSAL_LM, Task.SFT, Task.MASKED_LM, Task.PREFERENCE, Task.UNPAIRED_PREFERENCE);
    /** The name of a prompt for the tasks sft, preference and unpaired-preference. */
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

    /** With a uid of one's own. */
    public LanguageModel(String uid) {
        super(uid, INPUT, "the generated text once more, or of the likeliest tokens at each mask token");
        chat = new BooleanParam(
                this, "chat", "task sft: whether a prompt that is a string is a user's message, for the chat template");
        maxNewTokens = new IntParam(this, "maxNewTokens", "most tokens of an answer");
        doSample = new BooleanParam(this, "doSample", "whether tokens are drawn; else the likeliest is taken");
        temperature = new DoubleParam(this, "temperature", "what logits are divided by before a token is drawn");
        topK = new IntParam(
                this,
                "topK",
                "likeliest tokens that one is drawn of, 0: all; of a masked language model those that outputCol has of"
                        + " each mask token, at most 5");
        topP = new DoubleParam(this, "topP", "share of the probability whose likeliest tokens one is drawn of");
        repetitionPenalty = new DoubleParam(this, "repetitionPenalty", "1: none; above: against what was said before");
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

    /** False for a model that was trained on prompts and completions that are texts. */
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

    /** The name of a column of conversations for task sft. */
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
                    ? flatten(ofMasks(filled, mask -> slice(mask, 1, (int) getOrDefault(topK))))
                    : filled;
            return likeliest.cast(FILLED);
        });
    }

    /** @param stage the trainer or the model */
    static Outputs outputs(Params stage, Task task, Param<String> prediction, Column predicted) {
        Outputs outputs = new Outputs(stage);
        return task.generates()
                ? outputs.add(prediction, DataTypes.StringType, () -> predicted.getField("generated"))
                : outputs.add(
                        prediction,
                        TOKENS,
                        () -> ofMasks(
                                predicted.getField("predictions"),
                                mask -> element_at(mask, 1).getField("token_str")));
    }

    /** What is made of the tokens at each mask token, the likeliest first. */
    private static Column ofMasks(Column filled, UnaryOperator<Column> made) {
        Column masks = array_distinct(functions.transform(filled, one -> one.getField("mask")));
        return functions.transform(
                masks,
                mask -> made.apply(filter(filled, one -> one.getField("mask").equalTo(mask))));
    }

    /** Reads what {@link #write} saved. */
    public static MLReader<LanguageModel> read() {
        return new FolderReader<>(TrainedModel::of);
    }

    /** Reads what {@code save} saved. */
    public static LanguageModel load(String path) {
        return read().load(path);
    }

    /** The model of a folder of a run, such as {@code finetune run} leaves. */
    public static LanguageModel ofRun(String outputDir) {
        return new LanguageModel().of(outputDir);
    }
}
