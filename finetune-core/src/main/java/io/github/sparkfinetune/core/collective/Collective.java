package io.github.sparkfinetune.core.collective;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * What the ranks of one training run do together. All ranks call the same operations in the same order. An operation
 * waits for a rank as long as that one gets further ({@link #progressed}); for one that does not it ends by a
 * {@link LostRankException} that names it, within the deadline the collective was made with. Results are the same bits
 * on every rank and in every run with the same number of ranks.
 *
 * <p>Operations may be started from one thread only. {@link #allReduceAsync} returns at once; the other operations
 * first wait for those that are under way.
 */
public interface Collective extends AutoCloseable {

    /** This rank, in [0, {@link #size()}). */
    int rank();

    /** Number of ranks. */
    int size();

    /** A rank and, where there are several, the address of the machine that it is on. */
    default String name(int of) {
        return "rank " + of;
    }

    /**
     * Starts to replace {@code floats} by its sum over all ranks. The buffer must be neither touched nor freed until
     * the future is done or the collective is closed; {@code get()} throws an
     * {@link java.util.concurrent.ExecutionException} caused by a {@link LostRankException} when a rank is lost.
     *
     * @param floats direct buffer in native order, F32 from its position to its limit; as long on every rank
     */
    Future<?> allReduceAsync(ByteBuffer floats);

    /** Replaces {@code values} by their sums over all ranks, added in the order of the ranks. */
    void allReduce(double[] values);

    /** Every rank's bytes in the order of the ranks; lengths may differ. */
    byte[][] allGather(byte[] mine);

    /** Every rank's values one after another, in the order of the ranks; numbers of values may differ. */
    default double[] allGather(double[] mine) {
        return Gathered.values(this, mine, Gathered.VALUES_A_ROUND);
    }

    /**
     * Passes on every rank's values, in the order of the ranks. Values of several ranks come at once, one after
     * another, as long as they are few; so what is held does not grow with the number of ranks.
     */
    default void allGather(double[] mine, Consumer<double[]> next) {
        Gathered.pass(this, mine, Gathered.VALUES_A_ROUND, next);
    }

    /**
     * Gives every rank's share to all ranks: afterwards the buffers hold the same bytes everywhere, those that were in
     * them on the rank that they belong to.
     *
     * @param shares by rank, direct buffers, from their positions to their limits; as many and as long on every rank
     */
    void allGatherInto(List<List<ByteBuffer>> shares);

    /** What rank 0 says, on every rank: for what ranks that look one after another may see differently. */
    default boolean firstSays(boolean mine) {
        return allGather(new byte[] {(byte) (mine ? 1 : 0)})[0][0] != 0;
    }

    /**
     * Takes note that this rank gets further with what it does between two operations; to be called after each piece of
     * work, from any thread, which costs nothing. So others wait for it however long all of it takes.
     *
     * @throws LostRankException if a rank was lost meanwhile, so that this one does not work on in vain
     */
    default void progressed() {}

    /** Returns once every rank has called it. */
    default void barrier() {
        allGather(new byte[0]);
    }

    @Override
    void close();
}
