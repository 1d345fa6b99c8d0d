package io.github.sparkfinetune.core.collective;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * Collective operations of the ranks of one training run. All ranks call the same operations in the same order. An
 * operation waits for a rank as long as that rank makes progress ({@link #progressed}). If a rank makes none within the
 * collective's deadline, the operation ends with a {@link LostRankException} that names the rank. Results are bit-equal
 * on every rank, and in every run with the same number of ranks.
 *
 * <p>Only one thread may start operations. Operations named Async return at once; the other operations first wait for
 * pending operations. If a rank is lost, a future's {@code get()} throws an
 * {@link java.util.concurrent.ExecutionException} caused by a {@link LostRankException}; {@link #await} unwraps it.
 */
public interface Collective extends AutoCloseable {

    /** Returns this rank, in [0, {@link #size()}). */
    int rank();

    /** Returns the number of ranks. */
    int size();

    /**
     * Returns the first item of a rank's share, if all ranks have equal shares of some items up to one; for rank
     * {@code ranks}, the number of items.
     *
     * @param items number of items
     */
    static long firstOfShare(long items, int rank, int ranks) {
        return items * rank / ranks;
    }

    /** Returns a rank's name for messages; with several ranks, it includes the address of the rank's machine. */
    default String name(int of) {
        return "rank " + of;
    }

    /**
     * Returns whether asynchronous operations take the memory of this rank's device too, by
     * {@linkplain io.github.sparkfinetune.core.tensor.Device#exchangeBuffer addresses}. The device's operations after
     * {@link Future#get} then wait for the result by themselves, and the host does not wait.
     */
    default boolean isOnDevice() {
        return false;
    }

    /**
     * Starts to replace {@code floats} by its sum over all ranks. The buffer must not be accessed or freed until the
     * future is done or the collective is closed.
     *
     * @param floats direct buffer in native order, F32 from its position to its limit; of equal length on every rank
     */
    Future<?> allReduceAsync(ByteBuffer floats);

    /**
     * Starts to replace this rank's share of some floats by its sum over all ranks, with the bits of
     * {@link #allReduceAsync}. Afterwards the content of the other shares is undefined. The buffers must not be
     * accessed or freed until the future is done or the collective is closed.
     *
     * @param shares by rank, its share: direct buffers in native order, F32 from position to limit; equal numbers and
     *     lengths on every rank
     */
    Future<?> reduceScatterAsync(List<List<ByteBuffer>> shares);

    /**
     * Starts {@link #reduceScatterAsync} of memory that is cut evenly.
     *
     * @param memory direct buffers as there, each of {@link #size()} shares of equal length, one rank after the other
     */
    default Future<?> reduceScatterEvenAsync(List<ByteBuffer> memory) {
        return reduceScatterAsync(Gathered.shares(memory, size()));
    }

    /** Replaces {@code values} by their sums over all ranks, which are added in the order of the ranks. */
    void allReduce(double[] values);

    /** Returns every rank's bytes in the order of the ranks; lengths may differ. */
    byte[][] allGather(byte[] own);

    /** Returns every rank's values concatenated in the order of the ranks; lengths may differ. */
    default double[] allGather(double[] own) {
        return Gathered.values(this, own, Gathered.VALUES_PER_ROUND);
    }

    /** Returns every rank's values concatenated in the order of the ranks; lengths may differ. */
    default float[] allGather(float[] own) {
        return Gathered.values(this, own, Gathered.VALUES_PER_ROUND);
    }

    /**
     * Passes every rank's values to a consumer, in the order of the ranks. Small arrays of several ranks are passed
     * together, concatenated. So the memory does not grow with the number of ranks.
     */
    default void allGather(double[] own, Consumer<double[]> next) {
        Gathered.pass(this, own, Gathered.VALUES_PER_ROUND, next);
    }

    /**
     * Starts to send every rank's share to all ranks. Afterwards each share's buffers hold the same bytes on every
     * rank, from the rank that owns the share. The buffers must not be accessed or freed until the future is done or
     * the collective is closed.
     *
     * @param shares direct buffers by rank, from their positions to their limits; equal numbers and lengths on every
     *     rank
     */
    Future<?> allGatherIntoAsync(List<List<ByteBuffer>> shares);

    /**
     * Starts {@link #allGatherIntoAsync} of memory that is cut evenly.
     *
     * @param memory direct buffers as there, each of {@link #size()} shares of equal length, one rank after the other
     */
    default Future<?> allGatherEvenAsync(List<ByteBuffer> memory) {
        return allGatherIntoAsync(Gathered.shares(memory, size()));
    }

    /** Sends every rank's share to all ranks, see {@link #allGatherIntoAsync}. */
    default void allGatherInto(List<List<ByteBuffer>> shares) {
        await(allGatherIntoAsync(shares));
    }

    /**
     * Waits for an operation.
     *
     * @throws LostRankException if a rank is lost
     */
    static void await(Future<?> operation) {
        try {
            operation.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException known
                    ? known
                    : new IllegalStateException("an operation of the ranks failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (CancellationException)
                    new CancellationException("interrupted while waiting for the other ranks").initCause(e);
        }
    }

    /** Returns rank 0's value on every rank, for conditions that ranks may observe differently. */
    default boolean broadcast(boolean own) {
        return allGather(new byte[] {(byte) (own ? 1 : 0)})[0][0] != 0;
    }

    /**
     * Reports that this rank makes progress between two operations, so that others wait for it however long the work
     * takes. It is cheap, and any thread may call it after each piece of work.
     *
     * @throws LostRankException if a rank was lost meanwhile, so that this rank does not work in vain
     */
    default void progressed() {}

    /** Waits until every rank has called this method. */
    default void barrier() {
        allGather(new byte[0]);
    }

    @Override
    void close();
}
