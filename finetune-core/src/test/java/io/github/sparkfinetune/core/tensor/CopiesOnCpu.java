package io.github.sparkfinetune.core.tensor;

import io.github.sparkfinetune.core.tensor.cuda.FakeHostMemory;
import io.github.sparkfinetune.core.tensor.cuda.HostMemory;
import io.github.sparkfinetune.core.tensor.cuda.PinnedMemory;
import java.util.List;
import java.util.Optional;
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
        start();
    }

    private static void start() {
        Devices.copiesOnCpu = true;
        Devices.pinnedOnCpu = () -> new PinnedMemory(() -> Optional.of(new FakeHostMemory()));
    }

    private static void end() {
        Devices.copiesOnCpu = false;
        Devices.pinnedOnCpu = PinnedMemory::none;
    }

    /** Computes a value with the device of a GPU whose pinned memory is the given one. */
    public static <T> T call(HostMemory memory, Callable<T> body) throws Exception {
        start();
        Devices.pinnedOnCpu = () -> new PinnedMemory(() -> Optional.of(memory));
        try {
            return body.call();
        } finally {
            end();
        }
    }

    @Override
    public void afterEach(ExtensionContext context) {
        end();
    }

    /** Computes a value with the device of a GPU. */
    public static <T> T call(Callable<T> body) throws Exception {
        start();
        try {
            return body.call();
        } finally {
            end();
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
