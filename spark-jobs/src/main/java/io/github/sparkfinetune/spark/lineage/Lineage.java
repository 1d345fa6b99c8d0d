package io.github.sparkfinetune.spark.lineage;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.spark.lineage.StepDatasets.Datasets;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;

/**
 * Events of OpenLineage for the steps of a run: START, then COMPLETE, FAIL, or ABORT if a signal ends the process. A
 * step is a run of the job {@code RUN.STEP}, such as {@code mails.train}. The settings are those of OpenLineage's Spark
 * integration and clients; without a transport nothing is sent.
 *
 * <p>A lineage service never fails a step. All waiting for it in one command takes at most {@link Sender#PATIENCE}.
 */
public final class Lineage {
    private final LineageSettings settings;
    private final Map<String, String> spark;
    private final String sparkVersion;
    private final Sender sender;

    private Lineage(LineageSettings settings, Map<String, String> spark, String sparkVersion, Sender sender) {
        this.settings = settings;
        this.spark = spark;
        this.sparkVersion = sparkVersion;
        this.sender = sender;
    }

    /** Returns an instance that sends nothing. */
    public static Lineage none() {
        return new Lineage(null, Map.of(), "", null);
    }

    /**
     * Returns the lineage of a command.
     *
     * @param environment variables of the process
     * @param spark settings of Spark
     * @param sparkVersion version of Spark
     * @param say prints a line, on any thread
     */
    public static Lineage of(
            Map<String, String> environment, Map<String, String> spark, String sparkVersion, Consumer<String> say) {
        try {
            LineageSettings settings = LineageSettings.of(environment, spark);
            List<Transport> transports = Transport.of(settings.transport());
            return transports.isEmpty()
                    ? none()
                    : new Lineage(settings, spark, sparkVersion, new Sender(transports, say));
        } catch (IllegalArgumentException e) {
            say.accept("warning   " + e.getMessage() + "; the run continues without lineage events");
            return none();
        }
    }

    /** Work of a step. */
    @FunctionalInterface
    public interface Work<T> {
        /** Does the work. */
        T run() throws IOException;
    }

    /**
     * Does the work of a step between its events.
     *
     * @param metrics returns the metrics by split for a result of the work
     * @param message returns the line that the user sees for an error; the event has it for errors of the configuration
     */
    public <T> T step(
            Step step,
            RunConfig run,
            Configuration hadoop,
            Function<T, Map<String, Map<String, Double>>> metrics,
            Function<Throwable, String> message,
            Work<T> work)
            throws IOException {
        if (sender == null) {
            return work.run();
        }
        StepEvents events = new StepEvents(settings, settings.job(step, run), step.command(), sparkVersion);
        Datasets named = sender.facts(() -> new StepDatasets(run, hadoop, spark).named(step));
        sender.send(events.start(named, RunConfigLoader.toYaml(RunConfigLoader.withoutData(run))));
        Ending ending = new Ending(sender, events, named);
        T result;
        try {
            result = work.run();
        } catch (Throwable e) {
            ending.end(events.event(
                    StepEvents.Type.FAIL,
                    named,
                    Map.of("errorMessage", Facets.error(withoutData(e, message.apply(e))))));
            throw e;
        }
        Datasets measured = sender.facts(() -> new StepDatasets(run, hadoop, spark).measured(step));
        Map<String, Map<String, Double>> values = metrics.apply(result);
        ending.end(events.event(
                StepEvents.Type.COMPLETE,
                measured.isEmpty() ? named : measured,
                values.isEmpty() ? Map.of() : Map.of(Facets.METRICS, Facets.metrics(values))));
        return result;
    }

    /** Returns the message of an error; only an error of the configuration quotes no row for certain. */
    private static String withoutData(Throwable error, String message) {
        return error instanceof RunException known && known.exitCode() == ExitCode.CONFIG
                ? message
                : "the step failed: status.json in the output folder has the message";
    }

    /** End of a step: an event, or ABORT if a signal ends the process first. */
    private static final class Ending {
        private final Sender sender;
        private final Thread whenKilled;
        private boolean ended;

        Ending(Sender sender, StepEvents events, Datasets named) {
            this.sender = sender;
            this.whenKilled =
                    new Thread(() -> finish(events.event(StepEvents.Type.ABORT, named, Map.of())), "lineage-killed");
            Runtime.getRuntime().addShutdownHook(whenKilled);
        }

        /** Sends the last event, unless the process is ending; then the hook sends it. */
        void end(String event) {
            try {
                Runtime.getRuntime().removeShutdownHook(whenKilled);
            } catch (IllegalStateException e) {
                return;
            }
            finish(event);
        }

        private synchronized void finish(String event) {
            if (!ended) {
                ended = true;
                sender.sendAndWait(event);
            }
        }
    }
}
