package io.github.sparkfinetune.core.collective.nccl;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.LostRankException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * NCCL's operations of one rank, on a stream beside PyTorch's. An operation waits for PyTorch's operators before it.
 * PyTorch's operators after {@link Future#get} wait for the operation. Both wait on the GPU, the host does not.
 *
 * <p>The communicator is aborted if NCCL reports an error, if the exchange has lost a rank, or if an operation does not
 * end within the deadline after all ranks have begun it. Then the exchange is closed, so that all ranks end.
 */
final class Communicator implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Communicator.class);
    /** Reason of a rank that waits for other ranks to connect. */
    static final String ANOTHER_RANK = "a rank does not connect";
    /** Time within which NCCL must connect the ranks. */
    private static final long CONNECT_NANOS = TimeUnit.MINUTES.toNanos(2);

    private static final long PARTING_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Nccl nccl;
    private final Collective exchange;
    private final int gpu;
    private final long deadlineNanos;
    private final Watchdog watchdog;
    private long handle;
    private long stream;
    /** Event of PyTorch's operators before an operation. */
    private long before;

    private final Deque<Operation> pending = new ArrayDeque<>();
    private final Set<Long> events = new HashSet<>();
    /** Time of the end of the last operation. */
    private long lastEnd = System.nanoTime();

    private RuntimeException failure;
    private boolean closed;

    private Communicator(Nccl nccl, Collective exchange, int gpu, Duration deadline) {
        this.nccl = nccl;
        this.exchange = exchange;
        this.gpu = gpu;
        this.deadlineNanos = deadline.toNanos();
        this.watchdog = new Watchdog(this, exchange);
    }

    /** Calls of NCCL. */
    interface Calls {
        void run(long communicator, long stream);
    }

    /**
     * Connects this rank with the other ranks.
     *
     * @param id id of the communicator, from one of the ranks
     * @param deadline time within which an operation must end after all ranks have begun it
     * @throws NcclException if NCCL refuses, or if a rank does not connect; the other ranks may be connected
     * @throws LostRankException if a rank is lost meanwhile
     */
    static Communicator connect(Nccl nccl, Collective exchange, int gpu, Duration deadline, byte[] id) {
        Communicator communicator = new Communicator(nccl, exchange, gpu, deadline);
        // First, because a rank that NCCL refuses must stay in step with the others.
        Beginning beginning = Beginning.of(exchange);
        nccl.useGpu(gpu);
        communicator.handle = nccl.connect(exchange.size(), exchange.rank(), id);
        try {
            if (!communicator.isReadyWithin(Math.min(CONNECT_NANOS, communicator.deadlineNanos), beginning)) {
                throw new NcclException("NCCL", ANOTHER_RANK);
            }
            communicator.stream = nccl.createStream();
            communicator.before = nccl.createEvent();
        } catch (RuntimeException e) {
            nccl.abort(communicator.handle);
            throw e;
        }
        communicator.watchdog.start();
        return communicator;
    }

    /**
     * Starts an operation.
     *
     * @throws LostRankException if the communicator has failed
     */
    Future<Void> start(Calls calls) {
        require();
        try {
            Beginning beginning = Beginning.of(exchange);
            begin(calls);
            // NCCL connects the ranks further at the first operation of a kind.
            if (!isReadyWithin(deadlineNanos, beginning)) {
                throw hung("did not connect");
            }
            return started(beginning);
        } catch (RuntimeException e) {
            fail(e);
        }
        require();
        throw new IllegalStateException("NCCL's communicator has not failed");
    }

    private synchronized void begin(Calls calls) {
        require();
        nccl.useGpu(gpu);
        nccl.record(before, Nccl.DEFAULT_STREAM);
        nccl.await(stream, before);
        calls.run(handle, stream);
    }

    private synchronized Operation started(Beginning beginning) {
        require();
        Operation operation = new Operation(this, beginning, nccl.createEvent());
        events.add(operation.end());
        nccl.record(operation.end(), stream);
        pending.add(operation);
        notifyAll();
        return operation;
    }

    /** Waits for NCCL; returns false if it is not ready in time, once all ranks have begun. */
    private boolean isReadyWithin(long nanos, Beginning beginning) {
        while (beginning.nanos() <= nanos) {
            if (isReady()) {
                return true;
            }
            if (Thread.currentThread().isInterrupted()) {
                throw new CancellationException("interrupted while NCCL connects");
            }
            LockSupport.parkNanos(Nccl.POLL_NANOS);
        }
        return false;
    }

    private synchronized boolean isReady() {
        require();
        return nccl.isReady(handle);
    }

    /**
     * Checks that the communicator is usable.
     *
     * @throws LostRankException if it has failed
     */
    synchronized void require() {
        if (failure instanceof LostRankException lost) {
            throw new LostRankException(lost.rank(), lost.getMessage(), lost);
        }
        if (failure != null) {
            throw failure;
        }
        if (closed) {
            throw new IllegalStateException("NCCL's communicator is closed");
        }
    }

    /** Makes PyTorch's operators wait for an operation. */
    synchronized void await(Operation operation) throws ExecutionException {
        if (operation.isAwaited()) {
            return;
        }
        try {
            require();
            operation.beginning().nanos();
            nccl.useGpu(gpu);
            nccl.await(Nccl.DEFAULT_STREAM, operation.end());
        } catch (RuntimeException e) {
            throw new ExecutionException(e);
        }
        operation.awaited();
        release(operation);
    }

    synchronized boolean isDone(Operation operation) {
        return operation.isOver() || failure != null || closed;
    }

    private void release(Operation operation) {
        if (operation.isOver() && operation.isAwaited() && events.remove(operation.end())) {
            nccl.destroyEvent(operation.end());
        }
    }

    /**
     * Waits until there is an operation, and checks the operations.
     *
     * @return false if the communicator has ended
     * @throws NcclException if NCCL has failed
     * @throws LostRankException if an operation hangs
     */
    synchronized boolean awaitOperation() throws InterruptedException {
        while (pending.isEmpty() && !closed && failure == null) {
            wait();
        }
        if (closed || failure != null) {
            return false;
        }
        nccl.useGpu(gpu);
        while (!pending.isEmpty() && nccl.hasHappened(pending.peek().end())) {
            Operation over = pending.poll();
            over.over();
            release(over);
            lastEnd = System.nanoTime();
        }
        nccl.isReady(handle);
        if (isComputing()
                && Math.min(pending.peek().beginning().nanos(), System.nanoTime() - lastEnd) > deadlineNanos) {
            throw hung("did not end an operation of all ranks");
        }
        return true;
    }

    /** Returns whether there is an operation that all ranks have begun. */
    synchronized boolean isComputing() {
        return !pending.isEmpty() && pending.peek().beginning().nanos() >= 0;
    }

    private LostRankException hung(String what) {
        return lost("NCCL " + what + " within " + TimeUnit.NANOSECONDS.toMillis(deadlineNanos) + " ms", null);
    }

    /** Returns the loss of a rank that this rank cannot name. */
    LostRankException lost(String reason, Throwable cause) {
        return new LostRankException(exchange.rank(), exchange.name(exchange.rank()) + ": " + reason, cause);
    }

    /** Aborts the operations of this rank, and ends the exchange. Does nothing if the communicator has ended. */
    void fail(RuntimeException reason) {
        synchronized (this) {
            if (closed || failure != null) {
                return;
            }
            failure = reason instanceof NcclException ? lost(reason.getMessage(), reason) : reason;
            notifyAll();
        }
        LOG.warn("NCCL is aborted on {}: {}", exchange.name(exchange.rank()), reason.getMessage());
        // Not in the lock: a GPU that hangs must not block the other threads of this rank too.
        abort();
        exchange.close();
    }

    private void abort() {
        try {
            nccl.abort(handle);
        } catch (NcclException e) {
            LOG.warn("{} on {}", e.getMessage(), exchange.name(exchange.rank()));
        }
    }

    /** Ends the operations, and frees the communicator. May be called again, by any thread. */
    @Override
    public void close() {
        boolean usable;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            usable = failure == null;
            notifyAll();
        }
        watchdog.join();
        try {
            nccl.useGpu(gpu);
            if (usable && !isFinished()) {
                abort();
            }
            events.forEach(nccl::destroyEvent);
            nccl.destroyEvent(before);
            nccl.destroyStream(stream);
        } catch (NcclException e) {
            LOG.warn("{} on {}", e.getMessage(), exchange.name(exchange.rank()));
        }
    }

    /** Ends a communicator whose operations are done, together with the other ranks. Returns false if it cannot. */
    private boolean isFinished() {
        try {
            return pending.stream().allMatch(operation -> nccl.hasHappened(operation.end()))
                    && nccl.isFinished(handle, PARTING_NANOS);
        } catch (NcclException e) {
            LOG.warn("{} on {}", e.getMessage(), exchange.name(exchange.rank()));
            return false;
        }
    }
}
