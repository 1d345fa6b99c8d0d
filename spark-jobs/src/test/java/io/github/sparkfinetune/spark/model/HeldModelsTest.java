package io.github.sparkfinetune.spark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(600)
class HeldModelsTest {
    private final List<String> closed = Collections.synchronizedList(new ArrayList<>());
    private final HeldModels<String, Model> models = new HeldModels<>(Duration.ofHours(1));

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
    void sharesAModelAmongConsecutiveTasks() throws Exception {
        Model first = models.take("a", "a", () -> model("1"));
        models.give("a", "a", first);
        assertThat(models.take("a", "a", () -> model("2"))).isSameAs(first);
        assertThat(models.loads()).isEqualTo(1);
    }

    @Test
    void loadsAModelForEachConcurrentTask() throws Exception {
        Model first = models.take("a", "a", () -> model("1"));
        Model second = models.take("a", "a", () -> model("2"));
        assertThat(second).isNotSameAs(first);
        models.give("a", "a", first);
        models.give("a", "a", second);
        assertThat(models.loads()).isEqualTo(2);
        models.closeAll();
        assertThat(closed).containsExactlyInAnyOrder("1", "2");
    }

    @Test
    void closesModelsOfAnotherKeyBeforeLoading() throws Exception {
        models.give("a", "a", models.take("a", "a", () -> model("1")));
        Model busy = models.take("c", "c", () -> model("busy"));
        models.give("b", "b", models.take("b", "b", () -> {
            assertThat(closed).containsExactly("1");
            return model("2");
        }));
        models.give("c", "c", busy);
        assertThat(models.take("c", "c", () -> model("3"))).isSameAs(busy);
        assertThat(closed).containsExactly("1");
    }

    @Test
    void holdsModelsOfAFamilyBesideEachOtherUpToALimit() throws Exception {
        for (int i = 0; i < 34; i++) {
            String name = "adapter " + i;
            models.give(name, "base", models.take(name, "base", () -> model(name)));
        }
        assertThat(closed).containsExactly("adapter 0", "adapter 1");
        assertThat(models.take("adapter 2", "base", () -> model("again")).name())
                .isEqualTo("adapter 2");
        models.take("other", "other", () -> model("other"));
        assertThat(closed).hasSize(33);
    }

    @Test
    void closesAnUnusedModel() throws Exception {
        HeldModels<String, Model> brief = new HeldModels<>(Duration.ofMillis(50));
        Model model = brief.take("a", "a", () -> model("1"));
        brief.give("a", "a", model);
        assertThat(model.done().await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(brief.take("a", "a", () -> model("2")).name()).isEqualTo("2");
    }

    @Test
    void loadsAgainAfterAFailure() throws Exception {
        assertThatThrownBy(() -> models.take("a", "a", () -> {
                    throw new IOException("gone");
                }))
                .hasMessage("gone");
        assertThat(models.take("a", "a", () -> model("2")).name()).isEqualTo("2");
    }
}
