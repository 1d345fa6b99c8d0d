package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertBitEqual;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.ForwardingCollective;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps that survive the loss of a rank although no checkpoint was due. */
class LostRankTest {
    private static final String[] SETTINGS = {"training.per_device_train_batch_size=6", "training.save_minutes=0"};

    @TempDir
    private Path folder;

    private TinyRun tiny;

    @BeforeEach
    void prepare() throws Exception {
        tiny = new TinyRun(folder, "bert-seqcls", 0.1);
    }

    /** A rank that may end before its fourth step, as if its process were killed. */
    private static final class Killed extends ForwardingCollective {
        private static final int STEP = 4;

        private final boolean lost;
        private int sums;

        Killed(Collective collective, boolean lost) {
            super(collective);
            this.lost = lost;
        }

        /** Each step ends with a sum of its totals. */
        @Override
        public void allReduce(double[] values) {
            if (lost && ++sums == STEP) {
                throw new IllegalStateException("killed");
            }
            super.allReduce(values);
        }
    }

    private List<Long> saved(RunConfig config) {
        return tiny.checkpoints(config).stream().map(Checkpoint::step).toList();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void theOtherRankSavesTheLastStep(int lost) throws Exception {
        RunConfig whole = tiny.config("whole", SETTINGS);
        TinyRun.Outcome reference = tiny.run(whole, 2, null);
        RunConfig config = tiny.config("lost", SETTINGS);

        assertThatThrownBy(() -> tiny.run(
                        config, 2, null, "first", collective -> new Killed(collective, collective.rank() == lost)))
                .isInstanceOf(ExecutionException.class);

        assertThat(saved(config)).as("one step is lost").containsExactly(3L);
        TinyRun.Outcome end = tiny.runUntil(config, 2, Long.MAX_VALUE);
        assertThat(end.result().steps()).isEqualTo(reference.result().steps());
        assertThat(end.result().samples()).isEqualTo(reference.result().samples());
        assertThat(end.result().tokens()).isEqualTo(reference.result().tokens());
        assertBitEqual(TinyRun.model(config), TinyRun.model(whole));
    }

    @Test
    void ranksThatShareTheOptimizerSaveNothing() throws Exception {
        RunConfig config = tiny.config("shared", SETTINGS[0], SETTINGS[1], "cluster.shard=optimizer");

        assertThatThrownBy(() -> tiny.run(
                        config, 2, null, "first", collective -> new Killed(collective, collective.rank() == 1)))
                .isInstanceOf(ExecutionException.class);

        assertThat(saved(config)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void cancelledRanksSaveTheLastStep(int ranks) throws Exception {
        RunConfig config = tiny.config("cancelled", SETTINGS);

        assertThatThrownBy(() -> tiny.runWithStops(config, ranks, "first", rank -> cancelled()))
                .isInstanceOf(ExecutionException.class);

        assertThat(saved(config)).isNotEmpty();
        assertThat(tiny.runUntil(config, ranks, Long.MAX_VALUE).result().steps())
                .isEqualTo(10);
    }

    /** Returns what a rank is asked: to end after some work. */
    private static Supplier<StopRequest> cancelled() {
        AtomicInteger work = new AtomicInteger();
        return () -> work.incrementAndGet() > 25 ? StopRequest.NOW : StopRequest.NONE;
    }
}
