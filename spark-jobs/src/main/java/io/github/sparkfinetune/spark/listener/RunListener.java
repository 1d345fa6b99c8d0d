package io.github.sparkfinetune.spark.listener;

import io.github.sparkfinetune.conf.TrainingConfig.ReportTo;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Follows one command on a run: its steps and its measurements. All of it happens on the driver, which receives the
 * ranks' records. A method returns soon, even if a disk or a server fails. A failure is reported once and does not end
 * the run.
 */
public interface RunListener {

    /** Final state of a command. */
    enum Status {
        FINISHED,
        FAILED,
        KILLED
    }

    /** Opens listeners of one kind. {@code META-INF/services} names implementations; nothing else names them. */
    interface Opener {

        /**
         * Returns the value of {@code training.report_to} that asks for the listeners. They follow only commands that
         * measure such a run. Without a value they may follow every command.
         */
        default Optional<ReportTo> reportsTo() {
            return Optional.empty();
        }

        /**
         * Returns a listener of a command; empty if the command's settings ask for none.
         *
         * @throws io.github.sparkfinetune.conf.error.RunException if the listener cannot work with its settings
         */
        Optional<RunListener> open(CommandOnRun command);
    }

    /** Receives the beginning of a step. */
    default void began(Step step) {}

    /**
     * Receives the end of a step.
     *
     * @param metrics metrics of the step by split; empty if the step measures nothing
     */
    default void finished(Step step, Map<String, Map<String, Double>> metrics) {}

    /** Receives the failure of a step. */
    default void failed(Step step, Throwable error) {}

    /** Receives the record of a training step or of an evaluation during the training. */
    default void add(TrainingRecord record) {}

    /** Receives the result of the whole training. */
    default void add(TrainingResult result) {}

    /**
     * Receives the metrics of held-out rows.
     *
     * @param split {@code test}, {@code base} or another name
     * @param step optimizer step of the measured model
     */
    default void add(String split, long step, Map<String, Double> metrics) {}

    /**
     * Receives the end of the command. No call follows.
     *
     * @param files files of the output folder that belong to the result; some may not exist
     * @param patience shortest time that the call may take
     */
    default void end(Status status, List<String> files, Duration patience) {}
}
