package io.github.sparkfinetune.spark.track;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.TrainingConfig.ReportTo;
import io.github.sparkfinetune.conf.error.RunException;
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
 * Trackers of {@code training.report_to} during one command on a run. All tracking happens on the driver, which
 * receives the ranks' records. Executors need neither the network nor the secrets of a tracker.
 *
 * <p>If this is closed without {@link #finished}, the command has failed. If a signal ends the process, the command was
 * killed.
 */
public final class Tracking implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /** After a signal, a process is soon ended by force. */
    private static final Duration PATIENCE_OF_KILLERS = Duration.ofSeconds(5);

    private final List<Tracker> trackers = new ArrayList<>();
    private final Thread whenKilled = new Thread(() -> end(Status.KILLED, List.of(), PATIENCE_OF_KILLERS), "tracking");
    private boolean ended;

    private Tracking() {}

    /**
     * Starts the trackers of a run, or continues what they have of the run.
     *
     * @param run configuration whose output folder belongs to this run
     * @param environment variables of the process, with the addresses and credentials of the trackers
     * @param earlier records of the training that earlier commands have logged
     * @param say prints a line
     * @throws RunException if a tracker cannot be reached with its settings
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
            for (ReportTo kind : run.training().reportTo()) {
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

    /** Returns an instance without trackers. */
    public static Tracking none() {
        return new Tracking();
    }

    private static Tracker start(ReportTo kind, Command command) {
        return switch (kind) {
            case TENSORBOARD -> new TensorBoardTracker(command);
            case MLFLOW -> MlflowTracker.start(command);
        };
    }

    /** Adds the record of a step. */
    public void add(TrainingRecord record) {
        add(Figures.of(record, System.currentTimeMillis()));
    }

    /** Adds the result of the whole training. */
    public void add(TrainingResult result) {
        add(Figures.of(result, System.currentTimeMillis()));
    }

    /**
     * Adds the metrics of held-out rows.
     *
     * @param split {@code test}, {@code base} or another name
     * @param step step of the measured model
     */
    public void add(String split, long step, Map<String, Double> metrics) {
        add(new Figures(split, step, System.currentTimeMillis(), metrics, false));
    }

    private void add(Figures figures) {
        trackers.forEach(tracker -> tracker.add(figures));
    }

    /**
     * Ends the command as finished.
     *
     * @param files files of the output folder that belong to the result; some may not exist
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
                // The process is ending, and the hook ends the trackers: the failure is a kill.
                return;
            }
        }
        end(Status.FAILED, List.of(), PATIENCE);
    }
}
