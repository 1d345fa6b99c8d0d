package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.calibration.Calibration;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.checkpoint.CheckpointFiles;
import io.github.sparkfinetune.core.checkpoint.CheckpointStore;
import io.github.sparkfinetune.core.optim.LrSchedule;
import io.github.sparkfinetune.core.predict.TeacherFolder;
import io.github.sparkfinetune.core.safetensors.ModelWeights;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Pins;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Fine-tuning on one rank of a run: load, set up, train, save, close. */
public final class FineTuner {
    private FineTuner() {}

    /**
     * Returns the name of a run's newest committed checkpoint (the final checkpoint if there is one), or null.
     *
     * @param config configuration with absolute paths
     */
    public static String newestCheckpoint(RunConfig config, Configuration hadoop) {
        return store(config, hadoop, "reader").newest().map(Checkpoint::name).orElse(null);
    }

    /**
     * Checks a run before any long work: the model's architecture, the headers of its weights, and the settings.
     *
     * @param config configuration with absolute paths
     * @throws io.github.sparkfinetune.conf.error.RunException if something is wrong; the message says what to change
     */
    public static void check(RunConfig config, Configuration hadoop) throws IOException {
        Path folder = new Path(config.model());
        HfConfig model = Architectures.config(folder, hadoop);
        TaskSpec spec = TaskSpecs.of(config);
        spec.modelKind().check(model);
        spec.checkFolder(folder, hadoop);
        TeacherFolder.check(config, hadoop);
        Calibration.requireHeldOut(config);
        spec.metric(config.training().metricForBestModel());
        LrSchedule.of(config.training(), 1);
        try (TensorSource weights = ModelWeights.open(folder, hadoop)) {
            // The adapter of method.adapter is read and checked when the run begins.
            if (config.method().adapter() == null) {
                HfConfig grown = model.withTokens(vocabulary(config, folder, hadoop));
                spec.adaptation(config, config.method(), grown, weights, Optional.empty(), 1);
            }
        }
    }

    /** Returns the vocabulary size with the run's own tokens, or 0 if the method does not need it. */
    private static int vocabulary(RunConfig config, Path folder, Configuration hadoop) throws IOException {
        return config.method().trainableTokenIndices().isEmpty()
                ? 0
                : TaskDatas.tokenizer(folder, config, Architectures::positions, hadoop)
                        .vocabularySize();
    }

    /**
     * Holds the generation of the dataset that the run trains on: that of {@code data.generation}, or the newest.
     *
     * @param config configuration with absolute paths
     * @return the same run with the number of its generation
     * @throws io.github.sparkfinetune.conf.error.RunException if there is no such generation
     */
    public static RunConfig hold(RunConfig config, Configuration hadoop) throws IOException {
        Pins pins = new Pins(new Path(config.dataset()), hadoop);
        return config.onGeneration(
                pins.hold(config.output().dir(), config.data().pinned()));
    }

    /** Releases the generation of the dataset that {@link #hold} holds. */
    public static void release(RunConfig config, Configuration hadoop) {
        new Pins(new Path(config.dataset()), hadoop).release(config.output().dir());
    }

    static CheckpointStore store(RunConfig config, Configuration hadoop, String attempt) {
        return CheckpointStore.open(new Path(config.output().checkpoints()), hadoop, attempt);
    }

    /**
     * Runs one rank to the end. All ranks call this method with the same configuration. Rank 0 writes the checkpoints
     * and, at the end, the best model in Hugging Face layout.
     *
     * @param config configuration with absolute paths
     * @param resumeFrom newest committed checkpoint, equal on all ranks, or null for a new run. If its files are
     *     damaged, the run resumes from the previous checkpoint
     * @throws io.github.sparkfinetune.conf.error.RunException for errors that a retry cannot fix: bad data, a bad
     *     model, a loss that is not finite
     * @throws io.github.sparkfinetune.core.collective.LostRankException if a peer is lost
     * @throws IOException if a file system fails
     */
    public static TrainingResult run(RunConfig config, RankContext rank, String resumeFrom) throws IOException {
        return run(config, rank, resumeFrom, Long.MAX_VALUE);
    }

    /**
     * Runs one rank like {@link #run(RunConfig, RankContext, String)}, but pauses after a step. The pause leaves a
     * checkpoint and no model; a later call continues from the checkpoint with the same bits as without a pause.
     *
     * @param until step after which training pauses, or more than the run has to train to the end
     * @return at a pause the result so far: the best evaluation is the best until then
     */
    public static TrainingResult run(RunConfig config, RankContext rank, String resumeFrom, long until)
            throws IOException {
        Optional<CheckpointFiles> sound =
                resumeFrom == null ? Optional.empty() : sound(config, rank, checkpoint(resumeFrom));
        Precision kept =
                sound.map(files -> precision(config, rank, files.checkpoint())).orElse(null);
        try (TrainingResources resources = new TrainingResources(config, rank, kept);
                Training training = new Training(config, rank, resources)) {
            return run(training, rank, sound, until);
        }
    }

    private static Checkpoint checkpoint(String name) {
        return Checkpoint.ofName(name).orElseThrow(() -> new IllegalArgumentException("no checkpoint " + name));
    }

    private static Optional<CheckpointFiles> sound(RunConfig config, RankContext rank, Checkpoint newest) {
        return new SoundCheckpoint(store(config, rank.hadoop(), rank.attempt()), rank).find(newest);
    }

    static Precision precision(RunConfig config, RankContext rank, Checkpoint checkpoint) {
        TrainState state =
                TrainState.of(store(config, rank.hadoop(), rank.attempt()).state(checkpoint), checkpoint.name());
        PrecisionChoice before = rank.gpu() < 0 ? PrecisionChoice.FP32 : PrecisionChoice.BF16;
        return Objects.requireNonNullElseGet(
                state.precision(), () -> new Precision(before, "as at the start of the run"));
    }

    private static TrainingResult run(
            Training training, RankContext rank, Optional<CheckpointFiles> resumeFrom, long until) throws IOException {
        try {
            resumeFrom.ifPresent(training::resume);
            training.train(until);
            return training.isOver() ? training.finish() : training.pause();
        } catch (Throwable e) {
            boolean saves = Survivor.saves(e, rank.collective());
            // An all-reduce in progress still uses the gradients, which are freed next. Closing also reports the
            // failure to the peers at once instead of after a checkpoint is complete.
            rank.collective().close();
            if (saves) {
                training.saveLastStep(e);
            }
            throw e;
        }
    }
}
