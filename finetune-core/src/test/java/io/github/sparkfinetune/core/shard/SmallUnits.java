package io.github.sparkfinetune.core.shard;

import java.util.concurrent.Callable;

/** Runs code in which shares divide small tensors as they divide large ones. */
public final class SmallUnits {
    private SmallUnits() {}

    /**
     * Computes a value with small units.
     *
     * @param unit number of values that no share divides, a multiple of 16
     */
    public static <T> T call(int unit, Callable<T> body) throws Exception {
        int before = Cut.unit;
        Cut.unit = unit;
        try {
            return body.call();
        } finally {
            Cut.unit = before;
        }
    }
}
