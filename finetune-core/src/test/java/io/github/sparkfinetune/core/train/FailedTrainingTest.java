package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.ForwardingCollective;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FailedTrainingTest {
    @TempDir
    private Path folder;

    /** Gives up pending sums first; otherwise the exchange's thread would write into freed memory. */
    @Test
    void givesUpPendingSumsBeforeFreeingGradients() throws Exception {
        TinyRun tiny = new TinyRun(folder, "bert-seqcls", 0.0);
        List<FailsAtSecondSum> machines = new ArrayList<>();

        assertThatThrownBy(() -> tiny.run(tiny.config("run"), 1, null, "attempt", collective -> {
                    machines.add(new FailsAtSecondSum(collective));
                    return machines.get(0);
                }))
                .hasStackTraceContaining(FailsAtSecondSum.MESSAGE);

        assertThat(machines.get(0).pending).hasSize(1);
        assertThat(machines.get(0).pendingAtClose).as("sums when it was closed").isEqualTo(1);
    }

    /** A collective whose first sum never ends and whose second sum cannot start, as without memory. */
    private static final class FailsAtSecondSum extends ForwardingCollective {
        static final String MESSAGE = "no room for the second sum";

        private final List<ByteBuffer> pending = new ArrayList<>();
        private int pendingAtClose;

        FailsAtSecondSum(Collective collective) {
            super(collective);
        }

        @Override
        public Future<?> allReduceAsync(ByteBuffer floats) {
            if (!pending.isEmpty()) {
                throw new IllegalStateException(MESSAGE);
            }
            pending.add(floats);
            return new CompletableFuture<>();
        }

        @Override
        public void close() {
            // A exchange's thread writes until it has ended; the memory must still be allocated.
            pending.forEach(buffer -> buffer.putFloat(buffer.position(), 1));
            pendingAtClose = pending.size();
        }
    }
}
