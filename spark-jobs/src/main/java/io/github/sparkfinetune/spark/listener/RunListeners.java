package io.github.sparkfinetune.spark.listener;

import io.github.sparkfinetune.conf.TrainingConfig.ReportTo;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.command.Services;
import io.github.sparkfinetune.spark.listener.RunListener.Status;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Listeners of one command on a run. If this is closed without {@link #finished}, the command has failed. If a signal
 * ends the process, the command was killed.
 */
public final class RunListeners implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /** After a signal, a process is soon ended by force. */
    private static final Duration PATIENCE_OF_KILLERS = Duration.ofSeconds(5);

    private final List<Listening> all = new ArrayList<>();

    /** A listener until its end, and the hook that ends it when a signal ends the process. */
    private static final class Listening {
        private final RunListener listener;
        private final Thread whenKilled;
        private boolean ended;

        Listening(RunListener listener) {
            this.listener = listener;
            this.whenKilled =
                    new Thread(() -> end(Status.KILLED, List.of(), PATIENCE_OF_KILLERS), "run-listener-killed");
            Runtime.getRuntime().addShutdownHook(whenKilled);
        }

        synchronized void end(Status status, List<String> files, Duration patience) {
            if (!ended) {
                ended = true;
                listener.end(status, files, patience);
            }
        }

        void close() {
            try {
                Runtime.getRuntime().removeShutdownHook(whenKilled);
            } catch (IllegalStateException e) {
                // The process is ending, and the hook ends the listener: the failure is a kill.
                return;
            }
            end(Status.FAILED, List.of(), PATIENCE);
        }
    }

    /** Work of a step. */
    @FunctionalInterface
    public interface Work<T> {
        /** Does the work. */
        T run() throws IOException;
    }

    private RunListeners() {}

    /**
     * Opens the listeners that the settings of a command ask for.
     *
     * @throws RunException if a listener cannot work with its settings, or this build has none for a value of
     *     {@code training.report_to}
     */
    public static RunListeners open(CommandOnRun command) {
        List<RunListener.Opener> openers = Services.of(RunListener.Opener.class);
        List<ReportTo> asked = command.measures() ? command.run().training().reportTo() : List.of();
        for (ReportTo kind : asked) {
            if (openers.stream().noneMatch(opener -> opener.reportsTo().equals(Optional.of(kind)))) {
                throw RunException.config("training.report_to: "
                        + kind.name().toLowerCase(Locale.ROOT)
                        + " is a part that this build lacks: use the complete jar, or remove the value");
            }
        }
        RunListeners listeners = new RunListeners();
        try {
            for (RunListener.Opener opener : openers) {
                if (opener.reportsTo().filter(kind -> !asked.contains(kind)).isPresent()) {
                    continue;
                }
                opener.open(command).map(Listening::new).ifPresent(listeners.all::add);
            }
        } catch (RuntimeException e) {
            listeners.close();
            throw e;
        }
        return listeners;
    }

    /**
     * Does the work of a step.
     *
     * @param metrics returns the metrics by split for a result of the work
     */
    public <T> T step(Step step, Function<T, Map<String, Map<String, Double>>> metrics, Work<T> work)
            throws IOException {
        each(listener -> listener.began(step));
        T result;
        try {
            result = work.run();
        } catch (Throwable e) {
            eachUnlessKilled(listener -> listener.failed(step, e));
            throw e;
        }
        Map<String, Map<String, Double>> measured = metrics.apply(result);
        eachUnlessKilled(listener -> listener.finished(step, measured));
        return result;
    }

    private void each(Consumer<RunListener> call) {
        all.forEach(listening -> call.accept(listening.listener));
    }

    /** A step that ends while the process is ending was killed, which the hooks report. */
    private void eachUnlessKilled(Consumer<RunListener> call) {
        try {
            // Throws if the process is ending, and else has no effect.
            Runtime.getRuntime().removeShutdownHook(new Thread());
        } catch (IllegalStateException e) {
            return;
        }
        each(call);
    }

    /** Passes on the record of a training step. */
    public void add(TrainingRecord record) {
        each(listener -> listener.add(record));
    }

    /** Passes on the result of the whole training. */
    public void add(TrainingResult result) {
        each(listener -> listener.add(result));
    }

    /** Passes on metrics as described in {@link RunListener#add(String, long, Map)}. */
    public void add(String split, long step, Map<String, Double> metrics) {
        each(listener -> listener.add(split, step, metrics));
    }

    /**
     * Ends the command as finished.
     *
     * @param files files of the output folder that belong to the result; some may not exist
     */
    public void finished(List<String> files) {
        all.forEach(listening -> listening.end(Status.FINISHED, files, PATIENCE));
    }

    @Override
    public void close() {
        all.forEach(Listening::close);
    }
}
