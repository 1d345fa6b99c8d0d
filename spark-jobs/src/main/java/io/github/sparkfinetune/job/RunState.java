package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.folder.RunProgress;
import java.io.IOException;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * State of a run as its folder shows it to another process.
 *
 * @param kind whether the run is in progress
 * @param progress newest progress that the driver wrote, or null
 * @param end how the run ended, or null
 */
record RunState(Kind kind, RunProgress progress, End end) {
    /** Commands whose success means that the run has its results. */
    private static final Set<String> COMPLETE = Set.of("train", "evaluate", "run");

    /** Kinds of states. */
    enum Kind {
        /** No command has trained the run yet. */
        ABSENT,
        RUNNING,
        /** The driver of a running command has not written for a while. */
        SILENT,
        DONE,
        FAILED
    }

    /**
     * End of a run.
     *
     * @param command command that ended
     * @param exitCode exit code of the command
     * @param message error in one line, or null
     */
    record End(String command, int exitCode, String message, Instant time) {
        private static End of(RunStatus status) {
            return new End(status.command(), status.exitCode(), status.message(), status.ended());
        }

        private static End of(RunProgress progress) {
            RunProgress.Outcome outcome = progress.outcome();
            String command = progress.work().name().toLowerCase(Locale.ROOT);
            int code = outcome.exitCode() == null ? ExitCode.FAILED.code() : outcome.exitCode();
            return new End(command, code, outcome.message(), progress.updated());
        }
    }

    /** Reads the state of a run's folder. */
    static RunState read(RunFolder folder, Instant now) throws IOException {
        return of(RunProgress.read(folder), RunStatus.read(folder), now);
    }

    static RunState of(Optional<RunProgress> read, Optional<RunStatus> last, Instant now) {
        RunProgress progress = read.orElse(null);
        RunStatus status = last.filter(one -> COMPLETE.contains(one.command()) || isPreparation(one))
                .orElse(null);
        if (progress != null && progress.isRunning()) {
            if (now.isBefore(progress.updated().plus(progress.silence()))) {
                return new RunState(Kind.RUNNING, progress, null);
            }
            // A command that another driver refused, ended while this one worked.
            boolean isOlder = status == null || status.ended().isBefore(progress.updated());
            return isOlder ? new RunState(Kind.SILENT, progress, null) : ended(progress, End.of(status));
        }
        boolean preparedOnly = status != null && isPreparation(status) && status.exitCode() == 0;
        boolean isNewest =
                status != null && (progress == null || !status.ended().isBefore(progress.updated()));
        if (isNewest && !preparedOnly) {
            return ended(progress, End.of(status));
        }
        return progress == null ? new RunState(Kind.ABSENT, null, null) : ended(progress, End.of(progress));
    }

    private static boolean isPreparation(RunStatus status) {
        return status.command().equals("prepare");
    }

    private static RunState ended(RunProgress progress, End end) {
        return new RunState(end.exitCode() == 0 ? Kind.DONE : Kind.FAILED, progress, end);
    }

    /** Returns whether the run has ended. */
    boolean isEnded() {
        return kind == Kind.DONE || kind == Kind.FAILED;
    }
}
