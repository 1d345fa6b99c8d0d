package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GpuCountTest {
    @TempDir
    private Path folder;

    private static void assertRefused(GpuCount count, int gpu, String reason) {
        assertThatThrownBy(() -> count.require(gpu))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("GPU " + gpu + " is not usable here, ")
                .hasMessageContaining(reason)
                .hasMessageEndingWith("or set device: cpu")
                .hasMessageNotContaining("\n");
    }

    @Test
    void acceptsTheGpusThatCudaSees() {
        new GpuCount(2, "").require(1);
        assertRefused(new GpuCount(2, ""), 2, "CUDA sees 2: check the addresses");
    }

    @Test
    void namesALibtorchForCpus() {
        GpuCount count = GpuCount.here(folder);
        assertThat(count.gpus()).isZero();
        assertRefused(count, 0, "the libtorch in " + folder + " is built for CPUs");
    }

    @Test
    void namesLibrariesThatCannotBeLoaded() throws Exception {
        Files.writeString(folder.resolve("libtorch_cuda.so"), "no library");
        assertRefused(GpuCount.here(folder), 0, "CUDA's libraries for the libtorch in " + folder);
    }

    @Test
    void quotesCudasOwnError() {
        assertRefused(new GpuCount(0, "CUDA reports \"no device\": install it"), 0, "CUDA reports \"no device\"");
    }
}
