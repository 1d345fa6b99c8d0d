package io.github.sparkfinetune.spark.train;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tells from an error that there was no memory left, and which: PyTorch says so in the text of an error alone. */
final class OutOfMemory {
    private static final Pattern HOST =
            Pattern.compile("can't allocate memory: you tried to allocate (\\d+) bytes|std::bad_alloc");

    private static final Pattern DEVICE =
            Pattern.compile("CUDA out of memory\\.(?: Tried to allocate ([0-9.]+ \\wi?B))?");

    private static final String SMALLER = "lower training.per_device_train_batch_size or data.max_length, or set"
            + " training.gradient_checkpointing=true";

    private OutOfMemory() {}

    /** What was asked for, and what helps; empty where an error is about something else. */
    static Optional<String> reason(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof OutOfMemoryError) {
                return Optional.of("(" + cause.getMessage() + "): raise spark.executor.memory, or " + SMALLER);
            }
            String text = String.valueOf(cause.getMessage());
            Matcher host = HOST.matcher(text);
            if (host.find()) {
                return Optional.of("(PyTorch asked for " + (host.group(1) == null ? "more" : host.group(1) + " bytes")
                        + "): raise spark.executor.memoryOverhead, or " + SMALLER);
            }
            Matcher device = DEVICE.matcher(text);
            if (device.find()) {
                return Optional.of("(the GPU has none left"
                        + (device.group(1) == null ? "" : ", PyTorch asked for " + device.group(1)) + "): " + SMALLER);
            }
        }
        return Optional.empty();
    }
}
