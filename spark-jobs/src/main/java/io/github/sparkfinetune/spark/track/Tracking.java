package io.github.sparkfinetune.spark.track;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.conf.TrainingConfig.ReportTo;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.track.Tracker.Command;
import io.github.sparkfinetune.spark.track.Tracker.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;

/**
 * The trackers of {@code training.report_to} during one command on a run. All of it happens on the driver, which the
 * ranks' records come to; executors need neither the network nor the secrets of a tracker.
 *
 * <p>Closed without {@link #finished} the command has failed; where the process is ended by a signal, it was killed.
 */
public final class Tracking implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /** A process that is ended by a signal is soon ended by force. */
    private static final Duration PATIENCE_OF_KILLERS = Duration.ofSeconds(5);

    private final List<Tracker> trackers = new ArrayList<>();
    private final Thread whenKilled = new Thread(() -> end(Status.KILLED, List.of(), PATIENCE_OF_KILLERS), "tracking");
    private boolean ended;

    private Tracking() {}

    /**
     * Starts the trackers of a run, or goes on with what they have of it.
     *
     * @param run whose output folder is this run's
     * @param environment of the process: where a tracker is, and who asks
     * @param earlier what commands before this one have logged of the training
     * @param say shows a line
     * @throws RunException if a tracker can't be reached as it is configured
     */
    public static Tracking start(
            RunConfig run,
            Configuration hadoop,
            Map<String, String> environment,
            List<TrainingRecord> earlier,
            Consumer<String> say) {
        Tracking tracking = new Tracking();
        Command command = new Command(run, hadoop, environment, List.copyOf(earlier), say);
        try {
            for (ReportTo kind : run.training().tracking().reportTo()) {
                tracking.trackers.add(start(kind, command));
            }
        } catch (RuntimeException e) {
            tracking.end(Status.FAILED, List.of(), PATIENCE);
            throw e;
        }
        if (!tracking.trackers.isEmpty()) {
            Runtime.getRuntime().addShutdownHook(tracking.whenKilled);
        }
        return tracking;
    }

    /** No trackers. */
    public static Tracking none() {
        return new Tracking();
    }

    private static Tracker start(ReportTo kind, Command command) {
        return switch (kind) {
            case TENSORBOARD -> new TensorBoardTracker(command);
            case MLFLOW -> MlflowTracker.start(command);
        };
    }

    /** Takes what is known after a step. */
    public void add(TrainingRecord record) {
        add(Figures.of(record, System.currentTimeMillis()));
    }

    /** Takes what is known of the whole training. */
    public void add(TrainingResult result) {
        add(Figures.of(result, System.currentTimeMillis()));
    }

    /**
     * Takes what was measured on held-out rows.
     *
     * @param split {@code test}, {@code base} or another name
     * @param step of the model that was measured
     */
    public void add(String split, long step, Map<String, Double> metrics) {
        add(new Figures(split, step, System.currentTimeMillis(), metrics, false));
    }

    private void add(Figures figures) {
        trackers.forEach(tracker -> tracker.add(figures));
    }

    /**
     * The command has done its work.
     *
     * @param files of the output folder that belong to the result, of which some may not be there
     */
    public void finished(List<String> files) {
        end(Status.FINISHED, files, PATIENCE);
    }

    private synchronized void end(Status status, List<String> files, Duration patience) {
        if (!ended) {
            ended = true;
            trackers.forEach(tracker -> tracker.end(status, files, patience));
        }
    }

    @Override
    public void close() {
        if (!trackers.isEmpty()) {
            try {
                Runtime.getRuntime().removeShutdownHook(whenKilled);
            } catch (IllegalStateException e) {
                // The process is being ended, and the hook is at it: what failed was killed.
                return;
            }
        }
        end(Status.FAILED, List.of(), PATIENCE);
    }
}
