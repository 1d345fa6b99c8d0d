package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.core.plan.RunPlan;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.command.Command;
import io.github.sparkfinetune.spark.doctor.Finding;
import io.github.sparkfinetune.spark.group.GroupJob;
import io.github.sparkfinetune.spark.init.InitRequest;
import io.github.sparkfinetune.spark.init.Proposal;
import io.github.sparkfinetune.spark.predict.Agreement;
import io.github.sparkfinetune.spark.predict.Scores;
import io.github.sparkfinetune.spark.run.PlanJob;
import io.github.sparkfinetune.spark.train.Extent;
import io.github.sparkfinetune.spark.train.MeasureJob;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;

/** Jobs of the commands, on one Spark session. */
public interface Jobs extends AutoCloseable {

    /** A page in the session's user interface. */
    @FunctionalInterface
    interface Page extends AutoCloseable {
        @Override
        void close();
    }

    /** Factory of jobs. */
    @FunctionalInterface
    interface Opener {
        /**
         * Returns jobs; the session starts when a job first needs it.
         *
         * @param local whether to run on {@code local[cluster.ranks]} in this process instead of the configured master
         */
        Jobs open(RunConfig config, boolean local);
    }

    /**
     * Announces trainings, before anything else is called: the session then has executors for all ranks from its start,
     * even where a platform allocates executors dynamically.
     *
     * @param together number of trainings at a time
     */
    default void expectTrainings(int together) {}

    /**
     * Fetches a model of the Hugging Face Hub, except for files in this machine's cache, and returns the run with the
     * model's folder. A run whose model is a folder is returned unchanged.
     *
     * @param progress receives a line for each fetched file
     */
    RunConfig fetchModel(RunConfig config, Consumer<String> progress);

    /**
     * Proposes a run for data and a model.
     *
     * @param model folder of the model
     * @param chooser chooses one of the possible tasks; the map has the evidence for each task, the most likely task
     *     first
     */
    Proposal propose(InitRequest request, String model, Function<Map<String, String>, String> chooser);

    /**
     * Finds what is missing for training a run.
     *
     * @param isGiven whether the user gave a run; if not, {@code config} has only settings
     */
    List<Finding> examine(RunConfig config, boolean isGiven);

    /** Estimates the resources of a training, without a session. */
    PlanJob.Plan plan(RunConfig config);

    /**
     * Measures the speed of a run by its first steps, in the session.
     *
     * @throws RunException if training fails
     */
    MeasureJob.Speed measure(RunConfig config, RunPlan.Work work);

    /**
     * Does the work of a registered command.
     *
     * @param stages the run, or the stages of a pipeline
     * @param progress starts the display of a training
     * @param console shows lines while the command works
     */
    <A extends Record, R> R run(
            Command<A, R> command, List<Stage> stages, A arguments, Supplier<Progress> progress, Console console)
            throws IOException;

    /**
     * Returns a line for each weight of the model's head that starts from new values, with the reason; without a
     * session.
     */
    List<String> newWeights(RunConfig config);

    /** Returns a line for each cause of slow reading of the raw text, without a session. */
    List<String> slowSources(RunConfig config);

    /** Fails early on a run that training would reject. */
    void check(RunConfig config);

    /**
     * Result of preparation.
     *
     * @param summary one line on the dataset's content
     * @param warnings one line for each property of the data that harms training
     */
    record Prepared(String summary, List<String> warnings) {}

    /** Prepares the dataset of the run from raw text. */
    Prepared prepare(RunConfig config);

    /** Refuses a prepared dataset that has no rows to {@link #evaluate} on. */
    void requireHeldOut(RunConfig config);

    /** Trains on the prepared dataset and writes the model. */
    default TrainingResult train(RunConfig config, Consumer<TrainingRecord> records) {
        return train(config, Extent.REST, records);
    }

    /** Trains like {@link #train(RunConfig, Consumer)}, to the end of an extent; several threads may call this. */
    TrainingResult train(RunConfig config, Extent extent, Consumer<TrainingRecord> records);

    /** Measures the trained model on the held-out samples, then on each further held-out set. */
    List<Scores> evaluate(RunConfig config);

    /**
     * Measures the trained model on the rows of {@code input}, and changes nothing of the run.
     *
     * @param output folder of the rows' samples and predictions
     */
    Scores evaluate(RunConfig config, String input, String output);

    /**
     * Returns the agreement of the trained model with F32 on the first held-out samples; empty unless
     * {@code predict.precision} quantises.
     */
    Optional<Agreement> agreement(RunConfig config);

    /**
     * Writes the trained model's prediction or answer for each row of {@code input} as Parquet files in {@code output}.
     *
     * @return agreement with F32 on the first rows; empty unless {@code predict.precision} quantises
     */
    Optional<Agreement> predict(RunConfig config, String input, String output);

    /** Returns a digest of everything that predictions of the trained model depend on, except their rows. */
    String predictionDigest(RunConfig config);

    /** Registers the trained model as a function of SQL in the session. */
    void register(RunConfig config, String name);

    /**
     * Merges an adapter into the base model, writes a model folder and returns a one-line summary.
     *
     * @param adapter folder of the adapter, or null for the run's adapter
     */
    String merge(RunConfig config, String adapter, String output);

    /**
     * Writes the rows of sources into a folder for each value of a column, or returns those that an earlier call wrote.
     *
     * @param sources paths by key
     * @param folder folder for the rows
     */
    GroupJob.Grouped groups(RunConfig config, Map<String, String> sources, String column, String folder);

    /**
     * Shows a page in the user interface of the session, if it has one, until the returned page is closed.
     *
     * @param html makes the page; any thread calls it
     */
    Page show(Callable<String> html);

    /** Returns the settings of the session, or those that it would have. */
    Map<String, String> sparkSettings();

    /** Returns the driver's configuration of the file systems. */
    Configuration hadoop();

    @Override
    void close();
}
