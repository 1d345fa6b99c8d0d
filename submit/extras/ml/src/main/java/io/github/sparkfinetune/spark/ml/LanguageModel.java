package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.spark.ml.stage.FolderReader;
import io.github.sparkfinetune.spark.ml.stage.Outputs;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.StructType;

/**
 * Language model that continues texts, answers prompts or fills in mask tokens, as it was trained.
 * {@code predictionCol} holds the generated text; {@code outputCol} holds the same text if it is set.
 *
 * <p>For a masked language model, {@code predictionCol} holds the likeliest token at each mask token. {@code outputCol}
 * then holds the {@code topK} likeliest tokens with the fields of {@code pipeline("fill-mask")} of
 * {@code transformers}: {@code mask}, {@code score}, {@code token}, {@code token_str}. For a reward model,
 * {@code predictionCol} holds the reward of a conversation's last answer. Generation parameters that are not set have
 * the run's values.
 */
public final class LanguageModel extends TextModel<LanguageModel> {
    private static final long serialVersionUID = 1L;

    static final String INPUT = "column of the text, the conversation or the prompt";

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

    private TaskStages.LanguageTask task() {
        return TaskStages.languageTask(run().task());
    }

    @Override
    Map<String, Param<?>> settings() {
        Map<String, Param<?>> settings = new LinkedHashMap<>(super.settings());
        settings.putAll(task().output().settings(this));
        return settings;
    }

    @Override
    Map<String, Column> inputs(StructType schema) {
        return task().input().columns(this, schema);
    }

    @Override
    Outputs outputs(Column predicted) {
        return task().output().columns(this, predicted);
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
