package io.github.sparkfinetune.core.collective.nccl;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * NCCL and CUDA's streams of one rank, in this process and over its memory. An operation ends when all ranks have begun
 * it. The default stream is the calling thread, which waits for events in {@link #synchronize}.
 */
final class FakeNccl implements Nccl {
    static final long STREAM = -1;
    static final long COMMUNICATOR = -2;

    private final FakeNetwork network;
    private final int rank;
    private final List<String> calls = new ArrayList<>();
    private final Map<Long, Integer> recorded = new HashMap<>();
    private final Set<Long> open = new HashSet<>();
    private long nextEvent;
    private int begun;
    /** Number of operations that the default stream waits for. */
    private int awaited;

    private boolean aborted;
    private NcclException error;
    private NcclException refusal;
    private boolean onGpu = true;
    private int version = 22602;

    FakeNccl(FakeNetwork network, int rank) {
        this.network = network;
        this.rank = rank;
    }

    /** Returns the calls so far, with events and streams by number. */
    List<String> calls() {
        synchronized (network) {
            return List.copyOf(calls);
        }
    }

    /** Returns the handles that exist. */
    Set<Long> open() {
        synchronized (network) {
            return Set.copyOf(open);
        }
    }

    /** Makes operations never end, although all ranks have begun them. */
    void getStuck() {
        synchronized (network) {
            network.getStuck();
        }
    }

    /** Makes the communicator fail. */
    void breakDown(String reason) {
        synchronized (network) {
            error = new NcclException("ncclAllReduce", reason);
        }
    }

    /** Makes the connection fail. */
    FakeNccl refusing(String reason) {
        refusal = new NcclException("ncclCommInitRankScalable", reason);
        return this;
    }

    FakeNccl ofVersion(int other) {
        version = other;
        return this;
    }

    FakeNccl onHost() {
        onGpu = false;
        return this;
    }

    private void called(String call) {
        calls.add(call);
    }

    private long opened(long handle) {
        open.add(handle);
        return handle;
    }

    private void closed(long handle) {
        if (!open.remove(handle)) {
            throw new AssertionError(handle + " does not exist");
        }
    }

    private void requireOpen(long handle) {
        if (!open.contains(handle)) {
            throw new AssertionError(handle + " is used, but does not exist");
        }
    }

    @Override
    public int version() {
        return version;
    }

    @Override
    public byte[] uniqueId() {
        return new byte[] {1, 2, 3};
    }

    @Override
    public void useGpu(int gpu) {
        synchronized (network) {
            called("useGpu " + gpu);
        }
    }

    @Override
    public long connect(int size, int ofRank, byte[] id) {
        synchronized (network) {
            if (refusal != null) {
                throw refusal;
            }
            if (ofRank != rank || size != network.size() || id.length != 3) {
                throw new AssertionError("rank " + ofRank + " of " + size);
            }
            called("connect");
            network.connect(rank);
            return opened(COMMUNICATOR);
        }
    }

    @Override
    public boolean isReady(long communicator) {
        synchronized (network) {
            requireOpen(communicator);
            if (error != null) {
                throw error;
            }
            return network.isReady(rank);
        }
    }

    @Override
    public void group(Runnable group) {
        synchronized (network) {
            called("group");
            group.run();
            called("end");
        }
    }

    @Override
    public void allReduce(long communicator, long stream, Block block) {
        begin(communicator, stream, "allReduce", block, -1);
    }

    @Override
    public void reduce(long communicator, long stream, Block block, int root) {
        begin(communicator, stream, "reduce", block, root);
    }

    @Override
    public void broadcast(long communicator, long stream, Block block, int root) {
        begin(communicator, stream, "broadcast", block, root);
    }

    @Override
    public void reduceScatter(long communicator, long stream, Block all, Block own) {
        requireShare(all, own);
        begin(communicator, stream, "reduceScatter", all, -1);
    }

    @Override
    public void allGather(long communicator, long stream, Block all, Block own) {
        requireShare(all, own);
        begin(communicator, stream, "allGather", all, -1);
    }

    private void requireShare(Block all, Block own) {
        if (own.bytes() * network.size() != all.bytes() || own.address() != all.address() + rank * own.bytes()) {
            throw new AssertionError(own + " is not the share of rank " + rank + " of " + all);
        }
    }

    private void begin(long communicator, long stream, String call, Block block, int root) {
        synchronized (network) {
            requireOpen(communicator);
            requireOpen(stream);
            called(call + " " + block.bytes() + (root < 0 ? "" : " of " + root));
            network.begin(rank, begun++, call, block, root);
        }
    }

    @Override
    public void finish(long communicator) {
        synchronized (network) {
            called("finish");
            network.finish(rank);
        }
    }

    @Override
    public void destroy(long communicator) {
        synchronized (network) {
            called("destroy");
            closed(communicator);
        }
    }

    @Override
    public void abort(long communicator) {
        synchronized (network) {
            called("abort");
            closed(communicator);
            aborted = true;
            network.notifyAll();
        }
    }

    @Override
    public long createStream() {
        synchronized (network) {
            return opened(STREAM);
        }
    }

    @Override
    public void destroyStream(long stream) {
        synchronized (network) {
            closed(stream);
        }
    }

    @Override
    public long createEvent() {
        synchronized (network) {
            return opened(nextEvent++);
        }
    }

    @Override
    public void destroyEvent(long event) {
        synchronized (network) {
            closed(event);
        }
    }

    @Override
    public void record(long event, long stream) {
        synchronized (network) {
            requireOpen(event);
            called("record " + event + " on " + stream);
            // The calls on the default stream are done when they return.
            recorded.put(event, stream == DEFAULT_STREAM ? 0 : begun);
        }
    }

    @Override
    public void await(long stream, long event) {
        synchronized (network) {
            requireOpen(event);
            called("await " + event + " on " + stream);
            if (stream == DEFAULT_STREAM) {
                awaited = Math.max(awaited, recorded.get(event));
            }
        }
    }

    /** Waits for the default stream, as an access to its results from the host. */
    void synchronize() {
        synchronized (network) {
            boolean interrupted = false;
            while (!isDone(awaited)) {
                try {
                    network.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private boolean isDone(int steps) {
        return aborted || network.isDone(steps);
    }

    @Override
    public boolean hasHappened(long event) {
        synchronized (network) {
            requireOpen(event);
            return isDone(recorded.get(event));
        }
    }

    @Override
    public boolean isOnGpu(long address) {
        return onGpu;
    }
}
