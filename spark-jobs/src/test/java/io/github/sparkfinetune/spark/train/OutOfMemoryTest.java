package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.error.ExitCode;
import org.junit.jupiter.api.Test;

/** Errors with the texts of PyTorch 2.7 and of the JVM. */
class OutOfMemoryTest {
    private static RankOutcome failed(Throwable error) {
        return RankOutcome.failed(1, error);
    }

    @Test
    void reportsTheRequestedBytesAndTheRemedies() {
        RankOutcome host = failed(new IllegalStateException(
                "The following operation failed in the TorchScript interpreter.\nTraceback of TorchScript:\n"
                        + "RuntimeError: [enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate"
                        + " memory: you tried to allocate 19327352832 bytes. Error code 12 (Cannot allocate memory)"));

        assertThat(host.kind()).isEqualTo(RankOutcome.Kind.FATAL);
        assertThat(host.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(host.message())
                .isEqualTo("rank 1 ran out of memory (PyTorch requested 19327352832 bytes): raise"
                        + " spark.executor.memoryOverhead, or lower training.per_device_train_batch_size or"
                        + " data.max_length, or set training.gradient_checkpointing=true");
        assertThat(failed(new RuntimeException("std::bad_alloc")).message()).contains("PyTorch requested more)");
        assertThat(failed(new RuntimeException("RuntimeError: could not create a primitive"))
                        .message())
                .contains("PyTorch requested more)");
        assertThat(failed(new RuntimeException("could not create a primitive descriptor for a matmul primitive"))
                        .message())
                .doesNotContain("memory");
        assertThat(failed(new RuntimeException("CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has"))
                        .message())
                .contains("the GPU has no memory left, PyTorch requested 1.50 GiB)")
                .doesNotContain("spark.executor");
        assertThat(failed(new IllegalStateException(new OutOfMemoryError("Java heap space")))
                        .message())
                .contains("ran out of memory (Java heap space): raise spark.executor.memory, or");
    }

    @Test
    void keepsTheTextOfOtherErrors() {
        assertThat(failed(new IllegalStateException("x")).message())
                .isEqualTo("rank 1 failed: java.lang.IllegalStateException: x");
    }
}
