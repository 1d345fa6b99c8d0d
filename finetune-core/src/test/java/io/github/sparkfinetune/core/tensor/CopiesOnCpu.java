package io.github.sparkfinetune.core.tensor;

import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Runs code with the device of a GPU over tensors of the CPU: uploads, reads, staged weights, and the copies of
 * gradients are those of a GPU. As an extension, it does so for each test of a class.
 */
public final class CopiesOnCpu implements BeforeEachCallback, AfterEachCallback {
    @Override
    public void beforeEach(ExtensionContext context) {
        Devices.copiesOnCpu = true;
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Devices.copiesOnCpu = false;
    }

    /** Computes a value with the device of a GPU. */
    public static <T> T call(Callable<T> body) throws Exception {
        Devices.copiesOnCpu = true;
        try {
            return body.call();
        } finally {
            Devices.copiesOnCpu = false;
        }
    }

    /**
     * Returns the settings that make {@code precision: auto} compute as on the CPU, for tests that compare numbers in
     * F32.
     */
    public static List<String> settings() {
        return Devices.copiesOnCpu ? List.of("precision=fp32") : List.of();
    }
}
