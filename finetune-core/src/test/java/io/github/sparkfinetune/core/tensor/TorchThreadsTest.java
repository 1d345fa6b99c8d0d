package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.pytorch.jni.JniUtils;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Threads of one process that compute with different numbers of threads. */
@Timeout(60)
class TorchThreadsTest {
    @Test
    void eachThreadKeepsItsOwnNumber() throws Exception {
        // The thread that loads PyTorch has asked for its number already.
        Torch.start(2);
        ExecutorService first = Executors.newSingleThreadExecutor();
        ExecutorService second = Executors.newSingleThreadExecutor();
        try {
            first.submit(() -> Torch.start(3)).get();
            second.submit(() -> Torch.start(1)).get();
            assertThat(first.submit(JniUtils::getNumThreads).get()).isEqualTo(3);
            assertThat(second.submit(JniUtils::getNumThreads).get()).isEqualTo(1);
        } finally {
            first.shutdown();
            second.shutdown();
        }
    }
}
