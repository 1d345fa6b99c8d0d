package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.ForwardingCollective;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ranks whose machines round differently, or compute wrong results. */
class ParameterSyncTest {
    private static final String[] SETTINGS = {
        "training.per_device_train_batch_size=6", "training.save_steps=4", "training.save_total_limit=20"
    };

    @TempDir
    private Path folder;

    private TinyRun tiny;

    @BeforeEach
    void prepare() throws Exception {
        tiny = new TinyRun(folder, "bert-seqcls", 0.1);
    }

    @Test
    void takesRank0sParametersOnMachinesThatRoundDifferently() throws Exception {
        RunConfig whole = tiny.config("whole", SETTINGS);
        List<Double> losses = tiny.run(whole, 2, null, "new", exchange -> new Scaled(exchange, 1 + 1e-6f))
                .losses();
        assertThat(losses).hasSize(10);
        RunConfig resumed = tiny.config("resumed", SETTINGS);
        Checkpoint eighth = tiny.checkpoints(whole).get(1);
        TinyRun.copy(whole, resumed, eighth);
        tiny.run(resumed, 2, eighth.name(), "resumed", exchange -> new Scaled(exchange, 1 + 1e-6f));
        RunAssertions.assertBitEqual(TinyRun.model(resumed), TinyRun.model(whole));
    }

    @Test
    void endsTheRunAfterTheFirstStepOfAWrongMachine() throws Exception {
        RunConfig config = tiny.config("wrong", SETTINGS);
        assertThatThrownBy(() -> tiny.run(config, 2, null, "new", exchange -> new Scaled(exchange, -1)))
                .hasRootCauseInstanceOf(RunException.class)
                .rootCause()
                .hasMessageStartingWith("after step 1 the parameters of rank 1 differ from rank 0's by ");
        assertThat(tiny.checkpoints(config)).isEmpty();
    }

    /** A collective that scales sums of gradients on every rank except rank 0. */
    private static final class Scaled extends ForwardingCollective {
        private final Collective exchange;
        private final float by;

        Scaled(Collective exchange, float by) {
            super(exchange);
            this.exchange = exchange;
            this.by = by;
        }

        @Override
        public Future<?> allReduceAsync(ByteBuffer floats) {
            ByteBuffer mine = floats.duplicate().order(ByteOrder.nativeOrder());
            Future<?> sum = exchange.allReduceAsync(floats);
            FutureTask<Void> scaled = new FutureTask<>(() -> {
                sum.get();
                for (int at = mine.position(); exchange.rank() > 0 && at < mine.limit(); at += Float.BYTES) {
                    mine.putFloat(at, mine.getFloat(at) * by);
                }
                return null;
            });
            Thread thread = new Thread(scaled, "scaling");
            thread.setDaemon(true);
            thread.start();
            return scaled;
        }
    }
}
