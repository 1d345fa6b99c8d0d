package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.gguf.GgufType;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.hub.HubName;
import io.github.sparkfinetune.spark.doctor.Finding;
import io.github.sparkfinetune.spark.init.InitRequest;
import io.github.sparkfinetune.spark.init.Proposal;
import io.github.sparkfinetune.spark.predict.Scores;
import io.github.sparkfinetune.spark.run.PlanJob;
import io.github.sparkfinetune.spark.trace.Trace;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;

/** The jobs behind the commands, on one Spark session. */
public interface Jobs extends AutoCloseable {

    /** Where sessions come from. */
    @FunctionalInterface
    interface Opener {
        /**
         * Makes jobs ready, whose session starts when one of them needs it.
         *
         * @param local whether on {@code local[cluster.ranks]} in this process instead of the configured master
         */
        Jobs open(RunConfig config, boolean local);
    }

    /**
     * The same run with its model as a folder, where it is one of the Hugging Face Hub: fetched as far as this
     * machine's cache doesn't have it.
     *
     * @param progress is told what is fetched, a line a file
     */
    RunConfig fetchModel(RunConfig config, Consumer<String> progress);

    /**
     * Proposes a run for data and a model.
     *
     * @param model the model's folder
     * @param chooser is asked which of the tasks that fit is meant, with what was found for each, the likeliest first
     */
    Proposal propose(InitRequest request, String model, Function<Map<String, String>, String> chooser);

    /**
     * Looks for what is missing to train a run.
     *
     * @param isGiven whether the run is a user's; else there are only its settings
     */
    List<Finding> examine(RunConfig config, boolean isGiven);

    /** Says what training will take, without a session. */
    PlanJob.Plan plan(RunConfig config);

    /** Names the weights of the model's head that begin with new values, and why, a line each, without a session. */
    List<String> newWeights(RunConfig config);

    /** What is slow about reading the raw text, a line each, without a session. */
    List<String> slowSources(RunConfig config);

    /** Finds what training would refuse, before any long work. */
    void check(RunConfig config);

    /**
     * What was prepared.
     *
     * @param summary one line that says what it holds
     * @param warnings what a model would learn badly from, a line each
     */
    record Prepared(String summary, List<String> warnings) {}

    /** Raw text to the dataset of the run. */
    Prepared prepare(RunConfig config);

    /** Trains on the prepared dataset and writes the model. */
    TrainingResult train(RunConfig config, Consumer<TrainingRecord> records);

    /** Measures the trained model on the held-out samples, then on each further held-out set. */
    List<Scores> evaluate(RunConfig config);

    /**
     * Writes the trained model's prediction or answer for each row of {@code input} as Parquet files in {@code output}.
     */
    void predict(RunConfig config, String input, String output);

    /**
     * Says what became of the document in a file.
     *
     * @param file a text, or a JSON object with the columns of a row
     */
    Trace traceFile(RunConfig config, String file);

    /** Says what became of the document whose content has a hash. */
    Trace traceHash(RunConfig config, String hash);

    /**
     * Adds an adapter into the base model and writes a model folder; returns one line that says what was merged.
     *
     * @param adapter folder of the adapter, or null for the run's own
     */
    String merge(RunConfig config, String adapter, String output);

    /** Writes the trained language model as a GGUF file; returns one line that says what was written. */
    String export(RunConfig config, GgufType type, String output);

    /**
     * Uploads the trained model, or its adapter, to the Hugging Face Hub; returns the commit.
     *
     * @param isPrivate whether a repository that is made is private
     * @param progress is told what is sent, a line a file
     */
    String push(RunConfig config, HubName name, boolean isPrivate, Consumer<String> progress);

    /** The driver's configuration of the file systems. */
    Configuration hadoop();

    @Override
    void close();
}
