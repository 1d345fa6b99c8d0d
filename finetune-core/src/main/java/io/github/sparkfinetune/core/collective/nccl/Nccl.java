package io.github.sparkfinetune.core.collective.nccl;

import java.util.concurrent.locks.LockSupport;

/**
 * Functions of NCCL and of CUDA's runtime. Communicators, streams and events are their handles. A call neither waits
 * for the GPU nor for another rank. It throws an {@link NcclException} if it fails.
 */
interface Nccl {
    /** Stream of PyTorch's operators. */
    long DEFAULT_STREAM = 0;

    /** Time between two polls of a communicator that is not ready. */
    long POLL_NANOS = 50_000;

    /** Memory of a GPU. */
    record Block(long address, long bytes) {}

    /** Returns NCCL's version, such as 22602 for 2.26.2. */
    int version();

    /** Creates the id of a communicator, of which this process is the meeting point. */
    byte[] uniqueId();

    /** Makes a GPU the current GPU of the calling thread. */
    void useGpu(int gpu);

    /** Begins to connect a rank with the other ranks; {@link #isReady} becomes true when all ranks are connected. */
    long connect(int size, int rank, byte[] id);

    /**
     * Returns whether a communicator has processed the calls before, so that the next call may follow.
     *
     * @throws NcclException if the communicator has failed, also in an operation on the GPU
     */
    boolean isReady(long communicator);

    /** Runs calls that begin together. */
    void group(Runnable calls);

    /** Replaces the F32 values of a block by their sums over the ranks. */
    void allReduce(long communicator, long stream, Block block);

    /** Replaces the F32 values of a block of one rank by their sums over the ranks. */
    void reduce(long communicator, long stream, Block block, int root);

    /**
     * Replaces the F32 values of this rank's share of a block by their sums over the ranks.
     *
     * @param all block of equal shares, one rank after the other
     * @param own this rank's share
     */
    void reduceScatter(long communicator, long stream, Block all, Block own);

    /**
     * Replaces the bytes of every rank's share of a block by those of the rank.
     *
     * @param all block of equal shares, one rank after the other
     * @param own this rank's share
     */
    void allGather(long communicator, long stream, Block all, Block own);

    /** Replaces the bytes of a block by those of one rank. */
    void broadcast(long communicator, long stream, Block block, int root);

    /** Begins to end a communicator whose operations are done; {@link #isReady} becomes true when all ranks have. */
    void finish(long communicator);

    /** Frees a finished communicator. */
    void destroy(long communicator);

    /** Finishes and frees a communicator; returns false if the other ranks do not finish in time. */
    default boolean isFinished(long communicator, long nanos) {
        finish(communicator);
        long deadline = System.nanoTime() + nanos;
        while (!isReady(communicator)) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        destroy(communicator);
        return true;
    }

    /** Ends a communicator's operations, even on the GPU, and frees it. */
    void abort(long communicator);

    /** Creates a stream that does not wait for the default stream. */
    long createStream();

    void destroyStream(long stream);

    long createEvent();

    void destroyEvent(long event);

    /** Makes an event happen when the calls on a stream so far are done. */
    void record(long event, long stream);

    /** Makes later calls on a stream wait for an event, as it was recorded last. */
    void await(long stream, long event);

    /** Returns whether an event has happened. */
    boolean hasHappened(long event);

    /** Returns whether an address is in the memory of a GPU. */
    boolean isOnGpu(long address);
}
