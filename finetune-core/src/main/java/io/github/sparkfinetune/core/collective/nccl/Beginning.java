package io.github.sparkfinetune.core.collective.nccl;

import io.github.sparkfinetune.core.collective.Collective;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.Future;

/**
 * Beginning of an operation on all ranks. The ranks sum a number by the exchange, beside NCCL. So the exchange notices
 * a rank that is lost, has left or does not begin, and names it, while it waits for a slow rank. Only the rank's thread
 * and the communicator's lock holders may use it.
 */
final class Beginning {
    private final Future<?> onAllRanks;
    private long since;

    private Beginning(Future<?> onAllRanks) {
        this.onAllRanks = onAllRanks;
    }

    /** Reports that this rank begins an operation. */
    static Beginning of(Collective exchange) {
        ByteBuffer number = ByteBuffer.allocateDirect(Float.BYTES).order(ByteOrder.nativeOrder());
        return new Beginning(exchange.allReduceAsync(number));
    }

    /**
     * Returns for how many nanoseconds this rank has known that all ranks have begun, or -1 if they have not.
     *
     * @throws io.github.sparkfinetune.core.collective.LostRankException if a rank is lost
     */
    long nanos() {
        if (!onAllRanks.isDone()) {
            return -1;
        }
        long now = System.nanoTime();
        if (since == 0) {
            Collective.await(onAllRanks);
            since = now;
        }
        return now - since;
    }
}
