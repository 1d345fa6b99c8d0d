package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.RunException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.spark.SparkException;

/** What a failed job says. */
public final class Errors {
    /** What throws {@link IOException}s about the bytes that it is given, not about where they come from. */
    private static final List<String> DECODERS = List.of(
            "org.apache.hadoop.io.compress.",
            "org.apache.parquet.",
            "org.xerial.snappy.",
            "com.github.luben.zstd.",
            "com.fasterxml.jackson.",
            "java.util.zip.",
            "java.nio.charset.");

    /** How Spark tells of an executor that has ended because its heap was full. */
    private static final Pattern HEAP_FULL = Pattern.compile("exited with code 52\\b");

    private Errors() {}

    /**
     * The one-line error of a failed job: the one that a task ended with on purpose, where Spark has wrapped it. Where
     * a file system, the network or the machine failed (a full disk, a connection, a permission, a full heap), or no
     * task threw anything (lost executors), it may be started again; what else a task threw is about the data it read.
     *
     * @param what what was being done, as the beginning of the message
     */
    public static RuntimeException explain(String what, Exception e) {
        Throwable last = e;
        boolean ofTheMachine = false;
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof RunException expected) {
                return expected;
            }
            last = cause;
            // A library that can't be loaded or unpacked: no data is to blame.
            ofTheMachine |= cause instanceof LinkageError || cause instanceof VirtualMachineError;
        }
        boolean ofSpark = e instanceof SparkException;
        if (last instanceof OutOfMemoryError
                || (ofSpark && HEAP_FULL.matcher(e.getMessage()).find())) {
            return RunException.failed(
                    what
                            + " failed (out of memory: Java heap space): raise spark.executor.memory, with a master local[*]"
                            + " --driver-memory, and start it again",
                    e);
        }
        Optional<? extends Throwable> io = ofSpark || e instanceof IOException || e instanceof UncheckedIOException
                ? ioFailure(e)
                : Optional.empty();
        if (io.isPresent() || (ofSpark && ofTheMachine)) {
            Throwable reason = io.isPresent() ? io.get() : last;
            return RunException.failed(
                    what + " failed (" + firstLine(reason) + "): start it again, once that is mended", e);
        }
        if (ofSpark) {
            return last == e
                    ? RunException.failed(what + " failed (" + firstLine(e) + "): start it again", e)
                    : RunException.data(
                            what + " failed (" + firstLine(last) + "): mend or remove what cannot be read", e);
        }
        return e instanceof RuntimeException unexpected ? unexpected : new IllegalStateException(what + " failed", e);
    }

    /**
     * The failure of a file system or of the network that an exception comes from, if any: an {@link IOException} that
     * isn't about bytes which make no sense, such as those of a broken {@code .gz}.
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
