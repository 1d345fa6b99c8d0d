package io.github.sparkfinetune.extra.lineage;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.extra.lineage.StepDatasets.Datasets;
import io.github.sparkfinetune.spark.listener.CommandOnRun;
import io.github.sparkfinetune.spark.listener.RunListener;
import io.github.sparkfinetune.spark.listener.Step;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Events of OpenLineage for the steps of a run: START, then COMPLETE, FAIL, or ABORT if a signal ends the process. A
 * step is a run of the job {@code RUN.STEP}, such as {@code mails.train}. The settings are those of OpenLineage's Spark
 * integration and clients; without a transport nothing is sent.
 *
 * <p>A lineage service never fails a step. All waiting for it in one command takes at most {@link Sender#PATIENCE}.
 */
public final class Lineage implements RunListener {
    private final CommandOnRun command;
    private final LineageSettings settings;
    private final Sender sender;
    /** Events of the step in progress, or null. */
    private StepEvents events;

    /** Names of the datasets of the step in progress. */
    private Datasets named;

    /** Follows runs whose settings name a transport. */
    public static final class Opener implements RunListener.Opener {
        @Override
        public Optional<RunListener> open(CommandOnRun command) {
            try {
                LineageSettings settings = LineageSettings.of(command.environment(), command.spark());
                List<Transport> transports = Transport.of(settings.transport());
                return transports.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new Lineage(command, settings, new Sender(transports, command.say())));
            } catch (IllegalArgumentException e) {
                command.warn(e.getMessage() + "; the run continues without lineage events");
                return Optional.empty();
            }
        }
    }

    private Lineage(CommandOnRun command, LineageSettings settings, Sender sender) {
        this.command = command;
        this.settings = settings;
        this.sender = sender;
    }

    @Override
    public void began(Step step) {
        StepEvents begun = new StepEvents(
                settings,
                settings.job(step, command.run()),
                step.command(),
                org.apache.spark.package$.MODULE$.SPARK_VERSION());
        Datasets datasets = sender.facts(() -> datasets().named(step));
        sender.send(begun.start(datasets, RunConfigLoader.toYaml(RunConfigLoader.withoutData(command.run()))));
        synchronized (this) {
            events = begun;
            named = datasets;
        }
    }

    private StepDatasets datasets() {
        return new StepDatasets(command.run(), command.hadoop(), command.spark());
    }

    @Override
    public void finished(Step step, Map<String, Map<String, Double>> metrics) {
        Datasets measured = sender.facts(() -> datasets().measured(step));
        end(
                StepEvents.Type.COMPLETE,
                measured,
                metrics.isEmpty() ? Map.of() : Map.of(Facets.METRICS, Facets.metrics(metrics)));
    }

    @Override
    public void failed(Step step, Throwable error) {
        end(StepEvents.Type.FAIL, Datasets.NONE, Map.of("errorMessage", Facets.error(withoutData(error))));
    }

    /** Returns the message of an error; only an error of the configuration quotes no row for certain. */
    private static String withoutData(Throwable error) {
        return error instanceof RunException known && known.exitCode() == ExitCode.CONFIG
                ? known.getMessage()
                : "the step failed: status.json in the output folder has the message";
    }

    @Override
    public void end(Status status, List<String> files, Duration patience) {
        if (status == Status.KILLED) {
            end(StepEvents.Type.ABORT, Datasets.NONE, Map.of());
        }
    }

    /** Sends the last event of the step in progress, if there is one. */
    private synchronized void end(StepEvents.Type type, Datasets datasets, Map<String, ObjectNode> facets) {
        if (events != null) {
            String event = events.event(type, datasets.isEmpty() ? named : datasets, facets);
            events = null;
            sender.sendAndWait(event);
        }
    }
}
