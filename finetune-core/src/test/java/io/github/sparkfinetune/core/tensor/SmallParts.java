package io.github.sparkfinetune.core.tensor;

import java.util.concurrent.Callable;

/** Runs code with parts of a few bytes, so that small tensors are split as tensors of gigabytes are. */
public final class SmallParts {
    private SmallParts() {}

    /** Code that runs with small parts. */
    @FunctionalInterface
    public interface Body {
        /** Runs the code. */
        void run() throws Exception;
    }

    /**
     * Runs code with small parts.
     *
     * @param bytes size of a part in bytes, a multiple of 8
     */
    public static void run(int bytes, Body body) throws Exception {
        call(bytes, () -> {
            body.run();
            return null;
        });
    }

    /**
     * Computes a value with small parts.
     *
     * @param bytes size of a part in bytes, a multiple of 8
     */
    public static <T> T call(int bytes, Callable<T> body) throws Exception {
        if (bytes <= 0 || bytes % Long.BYTES != 0) {
            throw new IllegalArgumentException("parts of " + bytes + " bytes");
        }
        int before = TensorParts.bytes;
        TensorParts.bytes = bytes;
        try {
            return body.call();
        } finally {
            TensorParts.bytes = before;
        }
    }
}
