package io.github.sparkfinetune.spark.folder;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.speed.SlowRank;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;

/**
 * Content of {@code progress.json}: where a run is. The driver replaces the file every few seconds while it works on
 * the run, and a last time at the end. The components are the file's keys in {@code snake_case}; an unknown value has
 * no key.
 *
 * @param work step of the run that is in progress, or that was the last
 * @param outcome whether the work is in progress, and how it ended
 * @param times start of the command and time of this content
 * @param newest newest figures of the training; all null before its first record
 * @param checkpoint newest committed checkpoint, or null
 */
public record RunProgress(
        Work work,
        @JsonUnwrapped Outcome outcome,
        @JsonUnwrapped Times times,
        @JsonUnwrapped Newest newest,
        Saved checkpoint) {
    /** Time without new content after which the driver may have ended. */
    private static final Duration SHORTEST_SILENCE = Duration.ofSeconds(60);

    private static final ObjectReader JSON =
            MetricsLog.JSON.readerFor(RunProgress.class).without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    /** Step of a run. */
    public enum Work {
        @JsonProperty("prepare")
        PREPARE,
        @JsonProperty("train")
        TRAIN,
        @JsonProperty("evaluate")
        EVALUATE
    }

    /** State of the work. */
    public enum State {
        @JsonProperty("running")
        RUNNING,
        @JsonProperty("done")
        DONE,
        @JsonProperty("failed")
        FAILED
    }

    /**
     * State of the work and, at the end, its result.
     *
     * @param exitCode exit code of the command, or null while it runs
     * @param message error of a failed command, in one line, else null
     */
    public record Outcome(State state, Integer exitCode, String message) {
        public static final Outcome RUNNING = new Outcome(State.RUNNING, null, null);
        public static final Outcome DONE = new Outcome(State.DONE, ExitCode.DONE.code(), null);

        /** Returns the outcome of a failed command. */
        public static Outcome failed(ExitCode code, String message) {
            return new Outcome(State.FAILED, code.code(), message);
        }
    }

    /**
     * Times in ISO 8601, UTC.
     *
     * @param started start of the command
     * @param updated time of this content
     * @param everySeconds longest time until the next content, while the driver works and the file system does
     */
    public record Times(String started, String updated, long everySeconds) {}

    /**
     * Newest figures of the training.
     *
     * @param record newest record of a step, as in {@code metrics.jsonl}
     * @param recorded time of the newest record, in ISO 8601, UTC
     * @param evaluation newest evaluation, as in {@code metrics.jsonl}
     * @param slowRank rank that last was slow in this attempt, or null
     * @param secondsLeft remaining time at the mean speed
     */
    public record Newest(
            TrainingRecord record, String recorded, TrainingRecord evaluation, SlowRank slowRank, Double secondsLeft) {
        public static final Newest NONE = new Newest(null, null, null, null, null);
    }

    /**
     * A checkpoint.
     *
     * @param step optimizer steps done
     * @param time time of its commit, in ISO 8601, UTC
     */
    public record Saved(long step, String time) {}

    /** Keys of the file that are in no group. Jackson 2.15, the version in Spark 3.5, writes groups but reads none. */
    private record Own(Work work, Saved checkpoint) {}

    public RunProgress {
        if (work == null || outcome.state() == null) {
            throw new IllegalArgumentException("neither work nor state");
        }
        Instant.parse(times.started());
        Instant.parse(times.updated());
    }

    /** Returns the time of this content. */
    @JsonIgnore
    public Instant updated() {
        return Instant.parse(times.updated());
    }

    /** Returns whether a driver works on the run, or did when it was last heard of. */
    @JsonIgnore
    public boolean isRunning() {
        return outcome.state() == State.RUNNING;
    }

    /** Returns the time without new content after which the driver of a running command may have ended. */
    @JsonIgnore
    public Duration silence() {
        Duration missed = Duration.ofSeconds(3 * times.everySeconds());
        return missed.compareTo(SHORTEST_SILENCE) > 0 ? missed : SHORTEST_SILENCE;
    }

    /** Returns the completed share of the training's steps, from 0 to 1. */
    @JsonIgnore
    public double share() {
        TrainingRecord record = newest.record();
        return record == null ? 0 : Math.min(1, (double) record.step() / record.totalSteps());
    }

    /**
     * Reads the file of a run's folder, or returns empty if there is none.
     *
     * @throws RunException if the file is not a run's progress
     */
    public static Optional<RunProgress> read(RunFolder folder) throws IOException {
        Optional<String> text = folder.read(RunFolder.PROGRESS);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            JsonNode json = JSON.readTree(text.get());
            Own own = JSON.treeToValue(json, Own.class);
            return Optional.of(new RunProgress(
                    own.work,
                    JSON.treeToValue(json, Outcome.class),
                    JSON.treeToValue(json, Times.class),
                    JSON.treeToValue(json, Newest.class),
                    own.checkpoint));
        } catch (JsonProcessingException | DateTimeParseException | IllegalArgumentException | NullPointerException e) {
            throw RunException.data(
                    folder.shown(RunFolder.PROGRESS) + ": is not the progress of a run: remove the file", e);
        }
    }

    public void write(RunFolder folder) throws IOException {
        folder.write(
                RunFolder.PROGRESS,
                MetricsLog.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n");
    }
}
