package io.github.sparkfinetune.core.model.weight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.Configs;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.safetensors.FilePlace;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.tensor.Torch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedWeightsTest {
    private final AtomicInteger made = new AtomicInteger();

    @TempDir
    Path folder;

    private FilePlace stored;

    @BeforeEach
    void write() throws IOException {
        Torch.start(1);
        stored = new FilePlace(Files.write(folder.resolve("weights"), new byte[8]), 0);
    }

    private NDArray ones(NDManager user) {
        return SharedWeights.get(user, Optional.of(stored), "ones", owner -> {
            made.incrementAndGet();
            return owner.ones(new Shape(2));
        });
    }

    @Test
    void keepsWeightsUntilTheLastUserCloses() {
        NDManager first = Torch.manager(-1);
        NDManager second = Torch.manager(-1);
        NDArray tensor = ones(first);
        assertThat(ones(second)).isSameAs(tensor);
        first.close();
        assertThat(tensor.toFloatArray()).containsExactly(1, 1);
        second.close();
        assertThatThrownBy(tensor::toFloatArray).isInstanceOf(IllegalStateException.class);
        try (NDManager third = Torch.manager(-1)) {
            assertThat(ones(third)).isNotSameAs(tensor);
        }
        assertThat(made).hasValue(2);
    }

    @Test
    void givesConcurrentThreadsTheSameWeights() throws Exception {
        int threads = 4;
        CountDownLatch begin = new CountDownLatch(1);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try (NDManager user = Torch.manager(-1)) {
            Callable<NDArray> request = () -> {
                begin.await();
                return ones(user);
            };
            List<Future<NDArray>> results =
                    Stream.generate(() -> pool.submit(request)).limit(threads).toList();
            begin.countDown();
            for (Future<NDArray> result : results) {
                assertThat(result.get(1, TimeUnit.MINUTES))
                        .isSameAs(results.get(0).get());
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(made).hasValue(1);
    }

    @Test
    void reloadsAReplacedFile() throws IOException {
        try (NDManager user = Torch.manager(-1)) {
            NDArray tensor = ones(user);
            Path other = Files.write(folder.resolve("other"), new byte[8]);
            Files.move(other, stored.file(), StandardCopyOption.REPLACE_EXISTING);
            assertThat(ones(user)).isNotSameAs(tensor);
        }
    }

    @Test
    void retriesAfterAFailure() {
        try (NDManager user = Torch.manager(-1)) {
            assertThatThrownBy(() -> SharedWeights.get(user, Optional.of(stored), "ones", owner -> {
                        throw new IllegalStateException("no memory");
                    }))
                    .hasMessage("no memory");
            assertThat(ones(user).toFloatArray()).containsExactly(1, 1);
        }
    }

    @Test
    void mapsAFileOnceForAllRanksOfAProcess() {
        String model = "llama-tied";
        int before = SharedWeights.count();
        try (NDManager first = Torch.manager(-1);
                NDManager second = Torch.manager(-1)) {
            for (NDManager manager : List.of(first, second)) {
                try (SafetensorsModel source = SafetensorsModel.open(
                        GoldenFiles.root().resolve("models").resolve(model))) {
                    Adaptation frozen = Adaptation.of(Trainable.none());
                    Decoder.load(manager, MatmulBackend.f32(), Configs.golden(model), source, frozen, 1);
                }
                assertThat(SharedWeights.count()).isEqualTo(before + 1);
            }
        }
        assertThat(SharedWeights.count()).isEqualTo(before);
    }
}
