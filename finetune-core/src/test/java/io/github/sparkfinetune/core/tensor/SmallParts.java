package io.github.sparkfinetune.core.tensor;

import java.util.concurrent.Callable;

/** Parts of a few bytes for a while, so that small tensors are cut as those of gigabytes are. */
public final class SmallParts {
    private SmallParts() {}

    /** What is done with such parts. */
    @FunctionalInterface
    public interface Body {
        /** Does it. */
        void run() throws Exception;
    }

    /**
     * Runs with small parts.
     *
     * @param bytes of a part, a multiple of 8
     */
    public static void run(int bytes, Body body) throws Exception {
        call(bytes, () -> {
            body.run();
            return null;
        });
    }

    /**
     * Computes with small parts.
     *
     * @param bytes of a part, a multiple of 8
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
