package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.spark.SparkException;

/** Error messages of failed jobs. */
public final class Errors {
    /** Packages that throw {@link IOException}s about the content of bytes, not about their origin. */
    private static final List<String> DECODERS = List.of(
            "org.apache.hadoop.io.compress.",
            "org.apache.parquet.",
            "org.xerial.snappy.",
            "com.github.luben.zstd.",
            "com.fasterxml.jackson.",
            "java.util.zip.",
            "java.nio.charset.");

    /** Spark's message for an executor that ended because its heap was full. */
    private static final Pattern HEAP_FULL = Pattern.compile("exited with code 52\\b");

    private Errors() {}

    /**
     * Returns the one-line error of a failed job. A task's {@link RunException} is returned without Spark's wrappers.
     *
     * <p>The same command may succeed later in two cases: a file system, the network or the machine failed (a full
     * disk, a connection, a permission, a full heap), or no task threw anything (lost executors). Any other exception
     * of a task is about the data that the task read.
     *
     * @param what action that failed, as the beginning of the message
     */
    public static RuntimeException explain(String what, Exception e) {
        Throwable last = e;
        boolean isMachineFault = false;
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof RunException expected) {
                return expected;
            }
            last = cause;
            // A library that cannot be loaded or unpacked is no fault of the data.
            isMachineFault |= cause instanceof LinkageError || cause instanceof VirtualMachineError;
        }
        boolean isSparkFault = e instanceof SparkException;
        if (last instanceof OutOfMemoryError
                || (isSparkFault && HEAP_FULL.matcher(e.getMessage()).find())) {
            return RunException.failed(
                    what
                            + " failed (out of memory: Java heap space): raise spark.executor.memory, with a master local[*]"
                            + " --driver-memory, and start it again",
                    e);
        }
        Optional<? extends Throwable> io = isSparkFault || e instanceof IOException || e instanceof UncheckedIOException
                ? ioFailure(e)
                : Optional.empty();
        if (io.isPresent() || (isSparkFault && isMachineFault)) {
            Throwable reason = io.isPresent() ? io.get() : last;
            return RunException.failed(what + " failed (" + firstLine(reason) + "): fix that, then start it again", e);
        }
        if (isSparkFault) {
            return last == e
                    ? RunException.failed(what + " failed (" + firstLine(e) + "): start it again", e)
                    : RunException.data(
                            what + " failed (" + firstLine(last) + "): fix or remove the file that cannot be read", e);
        }
        return e instanceof RuntimeException unexpected ? unexpected : new IllegalStateException(what + " failed", e);
    }

    /**
     * Returns the failure of a file system or of the network that caused an exception, if any. It is an
     * {@link IOException}, except one about invalid bytes, such as the bytes of a broken {@code .gz}.
     */
    public static Optional<IOException> ioFailure(Throwable e) {
        IOException found = null;
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException io) {
                if (isDecoders(io)) {
                    return Optional.empty();
                }
                found = io;
            }
        }
        return Optional.ofNullable(found);
    }

    private static boolean isDecoders(IOException e) {
        String type = e.getClass().getName();
        StackTraceElement[] trace = e.getStackTrace();
        String thrower = trace.length == 0 ? "" : trace[0].getClassName();
        return DECODERS.stream().anyMatch(decoder -> type.startsWith(decoder) || thrower.startsWith(decoder));
    }

    private static String firstLine(Throwable e) {
        return String.valueOf(e.getMessage())
                .lines()
                .findFirst()
                .orElse(e.getClass().getSimpleName());
    }
}
