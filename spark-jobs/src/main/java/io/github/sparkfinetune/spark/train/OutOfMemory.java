package io.github.sparkfinetune.spark.train;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Recognizes errors that report a lack of memory. PyTorch reports it only in the text of an error. */
final class OutOfMemory {
    /**
     * The last one is oneDNN's. It refuses what it cannot compute with another text, before it allocates the code of a
     * product.
     */
    private static final Pattern HOST = Pattern.compile("can't allocate memory: you tried to allocate (\\d+) bytes"
            + "|std::bad_alloc|could not create a primitive(?! descriptor)");

    private static final Pattern DEVICE =
            Pattern.compile("CUDA out of memory\\.(?: Tried to allocate ([0-9.]+ \\wi?B))?");

    private static final String SMALLER = "lower training.per_device_train_batch_size or data.max_length, or set"
            + " training.gradient_checkpointing=true";

    private OutOfMemory() {}

    /** Returns the size of the request and the remedies; empty for other errors. */
    static Optional<String> reason(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof OutOfMemoryError) {
                return Optional.of("(" + cause.getMessage() + "): raise spark.executor.memory, or " + SMALLER);
            }
            String text = String.valueOf(cause.getMessage());
            Matcher host = HOST.matcher(text);
            if (host.find()) {
                return Optional.of("(PyTorch requested " + (host.group(1) == null ? "more" : host.group(1) + " bytes")
                        + "): raise spark.executor.memoryOverhead, or " + SMALLER);
            }
            Matcher device = DEVICE.matcher(text);
            if (device.find()) {
                return Optional.of("(the GPU has no memory left"
                        + (device.group(1) == null ? "" : ", PyTorch requested " + device.group(1)) + "): " + SMALLER);
            }
        }
        return Optional.empty();
    }
}
