package io.github.sparkfinetune.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import org.junit.jupiter.api.Test;

class FailureTest {
    @Test
    void reportsTheRunExceptionThatCausedAnError() {
        Failure failure = Failure.of(new IllegalStateException("outside", RunException.data("no\nlabel")));

        assertThat(failure).isEqualTo(new Failure(ExitCode.DATA, "no label", true));
        assertThat(Failure.of(new IllegalStateException("what")).expected()).isFalse();
    }

    /** Spark stops its context during the command's work; its stack traces would hide the reason. */
    @Test
    void reportsASignalInsteadOfTheErrorsItCaused() {
        Failure failure = Failure.of(
                new IllegalStateException("Cannot call methods on a stopped SparkContext.\nThis stopped …"), true);

        assertThat(failure.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(failure.message()).startsWith("interrupted by a signal: start the same command again");
    }

    @Test
    void reportsAMissingLoginThatMayBeRepaired() {
        Failure failure = Failure.of(new IllegalStateException(
                "Job aborted",
                RunException.config("/run.yaml: cannot be read: Client cannot authenticate via:[TOKEN, KERBEROS]")));

        assertThat(failure.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(failure.expected()).isTrue();
        assertThat(failure.message())
                .startsWith("/run.yaml: cannot be read: no Kerberos ticket or token: run kinit, or add ");
    }
}
