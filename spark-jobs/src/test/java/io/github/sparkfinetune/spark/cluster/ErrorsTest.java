package io.github.sparkfinetune.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.zip.GZIPInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.BZip2Codec;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;

/** Failures of a job, and whether a scheduler should repeat it. */
class ErrorsTest {
    @Test
    void allowsARetryAfterFailuresOfFileSystemsAndNetworks() {
        for (IOException failure : new IOException[] {
            new IOException("No space left on device"),
            new IOException("503 Service Unavailable: Please reduce your request rate"),
            new SocketException("Connection reset"),
            new ConnectException("Connection refused"),
            new AccessControlException("Permission denied: user=spark, access=WRITE"),
            new EOFException("End of File Exception between local host is: driver; destination host is: namenode")
        }) {
            RunException error = explained(job(failure));
            assertThat(error.exitCode()).as(failure.toString()).isEqualTo(ExitCode.FAILED);
            assertThat(error)
                    .hasMessage("prepare failed (" + failure.getMessage() + "): fix that, then start it again");
        }
    }

    @Test
    void allowsARetryAfterWrappedFailuresAndFailuresOfTheDriver() {
        IOException full = new IOException("No space left on device");
        assertThat(explained(job(new IllegalStateException("while writing", new Error(full))))
                        .exitCode())
                .isEqualTo(ExitCode.FAILED);
        assertThat(explained(new UncheckedIOException("cannot write", full)).exitCode())
                .isEqualTo(ExitCode.FAILED);
        assertThat(explained(full).exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(explained(new SparkException("Job aborted: ExecutorLostFailure"))
                        .exitCode())
                .isEqualTo(ExitCode.FAILED);
    }

    /** Wrapped as Java 17 wraps the error of zstd-jni when it cannot unpack its library. */
    @Test
    void allowsARetryIfAMachineCannotRunTheCode() {
        Throwable first = new ExceptionInInitializerError(
                "Exception java.lang.ExceptionInInitializerError: Cannot unpack libzstd-jni: No space left on device");
        Throwable noClass = new NoClassDefFoundError("Could not initialize class com.github.luben.zstd.Zstd");
        noClass.initCause(first);
        RunException error = explained(job(noClass));
        assertThat(error.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(error)
                .hasMessageContaining("No space left on device")
                .hasMessageEndingWith("): fix that, then start it again");
    }

    @Test
    void namesTheSettingToRaiseForAFullHeap() {
        SparkException lost = new SparkException(
                "Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times, most"
                        + " recent failure: Lost task 0.3 in stage 0.0 (TID 10) (10.0.0.7 executor 3): ExecutorLostFailure"
                        + " (executor 3 exited caused by one of the running tasks) Reason: Command exited with code 52");
        for (SparkException failure : List.of(job(new OutOfMemoryError("Java heap space")), lost)) {
            RunException error = explained(failure);
            assertThat(error.exitCode()).isEqualTo(ExitCode.FAILED);
            assertThat(error)
                    .hasMessage("prepare failed (out of memory: Java heap space): raise spark.executor.memory, with a"
                            + " master local[*] --driver-memory, and start it again");
        }
    }

    @Test
    void reportsInvalidBytesAsBadData() {
        byte[] noise = "BZh91AY&SY and then no compressed block".getBytes(StandardCharsets.UTF_8);
        assertThat(explained(job(thrownBy(() -> new GZIPInputStream(new ByteArrayInputStream(noise)))))
                        .exitCode())
                .isEqualTo(ExitCode.DATA);
        assertThat(explained(job(thrownBy(() -> {
                            BZip2Codec codec = new BZip2Codec();
                            codec.setConf(new Configuration());
                            try (InputStream in = codec.createInputStream(new ByteArrayInputStream(noise))) {
                                return in.read();
                            }
                        })))
                        .exitCode())
                .isEqualTo(ExitCode.DATA);
        assertThat(explained(job(new IllegalArgumentException("page of negative length")))
                        .exitCode())
                .isEqualTo(ExitCode.DATA);
        RunException expected = RunException.data("row group 2 is cut off");
        assertThat(explained(job(expected))).isSameAs(expected);
    }

    private static SparkException job(Throwable task) {
        return new SparkException("Job aborted due to stage failure: Task 0 in stage 1.0 failed 4 times", task);
    }

    private static RunException explained(Exception e) {
        return (RunException) Errors.explain("prepare", e);
    }

    private static Throwable thrownBy(Callable<?> work) {
        Throwable thrown = catchThrowable(work::call);
        assertThat(thrown).isInstanceOf(IOException.class);
        return thrown;
    }
}
