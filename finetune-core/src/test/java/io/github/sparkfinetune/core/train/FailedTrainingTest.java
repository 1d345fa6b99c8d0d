package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.core.collective.Collective;
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

    /** Else the ring's thread would write into memory that the training has freed. */
    @Test
    void sumsUnderWayAreGivenUpBeforeGradientsAreFreed() throws Exception {
        TinyRun tiny = new TinyRun(folder, "bert-seqcls", 0.0);
        List<FailsAtSecondSum> machines = new ArrayList<>();

        assertThatThrownBy(() -> tiny.run(tiny.config("run"), 1, null, "attempt", collective -> {
                    machines.add(new FailsAtSecondSum(collective));
                    return machines.get(0);
                }))
                .hasStackTraceContaining(FailsAtSecondSum.MESSAGE);

        assertThat(machines.get(0).underWay).hasSize(1);
        assertThat(machines.get(0).given).as("sums when it was closed").isEqualTo(1);
    }

    /** A collective whose first sum never ends and whose second cannot start, for want of memory perhaps. */
    private static final class FailsAtSecondSum implements Collective {
        static final String MESSAGE = "no room for the second sum";

        private final Collective collective;
        private final List<ByteBuffer> underWay = new ArrayList<>();
        private int given;

        FailsAtSecondSum(Collective collective) {
            this.collective = collective;
        }

        @Override
        public int rank() {
            return collective.rank();
        }

        @Override
        public int size() {
            return collective.size();
        }

        @Override
        public Future<?> allReduceAsync(ByteBuffer floats) {
            if (!underWay.isEmpty()) {
                throw new IllegalStateException(MESSAGE);
            }
            underWay.add(floats);
            return new CompletableFuture<>();
        }

        @Override
        public void allReduce(double[] values) {
            collective.allReduce(values);
        }

        @Override
        public byte[][] allGather(byte[] mine) {
            return collective.allGather(mine);
        }

        @Override
        public void allGatherInto(List<List<ByteBuffer>> shares) {
            collective.allGatherInto(shares);
        }

        @Override
        public void close() {
            // As a ring's thread does until it has ended; the memory must still be there.
            underWay.forEach(buffer -> buffer.putFloat(buffer.position(), 1));
            given = underWay.size();
        }
    }
}
