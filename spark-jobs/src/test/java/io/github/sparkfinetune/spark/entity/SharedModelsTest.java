package io.github.sparkfinetune.spark.entity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SharedModelsTest {
    private final List<String> closed = Collections.synchronizedList(new ArrayList<>());
    private final SharedModels<String, Model> models = new SharedModels<>(Duration.ofHours(1));

    private record Model(String name, List<String> closed, CountDownLatch done) implements AutoCloseable {
        @Override
        public void close() {
            closed.add(name);
            done.countDown();
        }
    }

    private Model model(String name) {
        return new Model(name, closed, new CountDownLatch(1));
    }

    @Test
    void concurrentTasksShareAModel() throws Exception {
        ExecutorService tasks = Executors.newFixedThreadPool(4);
        CountDownLatch all = new CountDownLatch(4);
        List<Future<Model>> taken = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            taken.add(tasks.submit(() -> {
                all.countDown();
                all.await();
                return models.take("a", () -> model("1"));
            }));
        }
        for (Future<Model> model : taken) {
            assertThat(model.get()).isSameAs(taken.get(0).get());
        }
        tasks.shutdown();
        assertThat(tasks.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        assertThat(models.loads()).isEqualTo(1);
    }

    @Test
    void closesOnlyUnusedModelsBeforeLoadingAnother() throws Exception {
        models.take("a", () -> model("used"));
        models.take("b", () -> model("unused"));
        models.give("b");
        models.take("c", () -> {
            assertThat(closed).containsExactly("unused");
            return model("new");
        });
        assertThat(closed).containsExactly("unused");
        assertThat(models.take("a", () -> model("again")).name()).isEqualTo("used");
    }

    @Test
    void closesAModelThatNoTaskUsesForAWhile() throws Exception {
        SharedModels<String, Model> shortly = new SharedModels<>(Duration.ofMillis(1));
        Model model = shortly.take("a", () -> model("1"));
        shortly.give("a");
        assertThat(model.done().await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void anotherTaskLoadsAfterAFailure() throws Exception {
        assertThatThrownBy(() -> models.take("a", () -> {
                    throw new IOException("no such file");
                }))
                .hasMessage("no such file");
        assertThat(models.take("a", () -> model("1")).name()).isEqualTo("1");
    }
}
