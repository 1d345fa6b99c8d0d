package io.github.sparkfinetune.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.job.RunState.Kind;
import io.github.sparkfinetune.spark.folder.RunProgress;
import io.github.sparkfinetune.spark.folder.RunProgress.State;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunStateTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    /** Times are seconds; the state is read at second 1000. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
        # progress   | updated | command  | exit | ended | state   | by
        -            |         | -        |      |       | ABSENT  |
        -            |         | prepare  | 0    | 900   | ABSENT  |
        -            |         | prepare  | 3    | 900   | FAILED  | prepare
        -            |         | train    | 2    | 900   | FAILED  | train
        -            |         | train    | 0    | 900   | DONE    | train
        RUNNING      | 980     | -        |      |       | RUNNING |
        RUNNING      | 980     | train    | 4    | 100   | RUNNING |
        # another driver was refused
        RUNNING      | 980     | train    | 4    | 990   | RUNNING |
        RUNNING      | 100     | -        |      |       | SILENT  |
        RUNNING      | 100     | train    | 4    | 50    | SILENT  |
        RUNNING      | 100     | train    | 4    | 101   | FAILED  | train
        DONE         | 900     | run      | 0    | 901   | DONE    | run
        DONE         | 900     | promote  | 3    | 950   | DONE    | train
        DONE         | 900     | evaluate | 3    | 950   | FAILED  | evaluate
        FAILED       | 900     | run      | 4    | 901   | FAILED  | run
        FAILED       | 900     | -        |      |       | FAILED  | train
        FAILED       | 900     | prepare  | 0    | 950   | FAILED  | train
        FAILED       | 900     | evaluate | 0    | 950   | DONE    | evaluate
        """)
    void newestNewsDecide(
            State state, Long updated, String command, Integer exitCode, Long ended, Kind expected, String by) {
        Optional<RunProgress> progress = Optional.ofNullable(state).map(known -> progress(known, updated));
        Optional<RunStatus> status = Optional.ofNullable(command)
                .map(name -> new RunStatus(name, exitCode, exitCode == 0 ? null : "why", at(ended)));

        RunState read = RunState.of(progress, status, START.plusSeconds(1000));

        assertThat(read.kind()).isEqualTo(expected);
        assertThat(read.end() == null ? null : read.end().command()).isEqualTo(by);
        assertThat(read.progress()).isEqualTo(progress.orElse(null));
    }

    private static String at(long seconds) {
        return START.plusSeconds(seconds).toString();
    }

    private static RunProgress progress(State state, long updated) {
        RunProgress.Outcome outcome = new RunProgress.Outcome(
                state,
                state == State.RUNNING ? null : state == State.DONE ? 0 : 4,
                state == State.FAILED ? "why" : null);
        return new RunProgress(
                RunProgress.Work.TRAIN,
                outcome,
                new RunProgress.Times(at(0), at(updated), 30),
                new RunProgress.Newest(null, null, null, null, null),
                null);
    }
}
