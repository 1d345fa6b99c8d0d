package io.github.sparkfinetune.core.collective.ring;

import io.github.sparkfinetune.core.collective.ring.RingFailure.Reason;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that moves a ring's bytes: works off operations in the order in which they were submitted, and between
 * them keeps giving and watching for signs of life. It waits nowhere but in {@link RingPeers#await}.
 */
final class RingThread implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(RingThread.class);
    private static final long CANCEL_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long IDLE_NANOS = TimeUnit.HOURS.toNanos(1);
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private final RingMember member;
    private final RingPeers peers;
    private final Connection previous;
    private final Connection next;
    private final long patience;
    private final BooleanSupplier cancelled;

    private final Queue<RingOperation> queue = new ConcurrentLinkedQueue<>();
    private volatile RingFailure failure;
    private volatile boolean closing;

    private RingOperation operation;
    private long sequence;
    private long previousSequence;
    private boolean receiving;
    private boolean chunkStaged;
    private long progressed;
    private long cancelPolled;

    /** @param patience nanoseconds without progress after which an operation fails */
    RingThread(RingMember member, RingPeers peers, long patience, BooleanSupplier cancelled) {
        this.member = member;
        this.peers = peers;
        this.previous = peers.previous();
        this.next = peers.next();
        this.patience = patience;
        this.cancelled = cancelled;
    }

    /** Starts an operation, or fails its future if the ring has ended. */
    void submit(RingOperation submitted) {
        queue.add(submitted);
        // Looked at after the addition: either the thread sees the operation or this sees the failure.
        if (failure != null) {
            failQueue();
        } else {
            peers.wake();
        }
    }

    /** Why the ring ended, or null. */
    RingFailure failure() {
        return failure;
    }

    /** Asks the thread to say goodbye and end. */
    void close() {
        closing = true;
        peers.wake();
    }

    @Override
    public void run() {
        try {
            previous.listen(System.nanoTime());
            while (turn()) {}
            end(new RingFailure(Reason.LOST, member.rank(), "the ring of " + own() + " is closed", null), true);
        } catch (RingFailure e) {
            end(e, false);
        } catch (RuntimeException | Error e) {
            LOG.error("the ring's thread of {} failed", own(), e);
            end(new RingFailure(Reason.LOST, member.rank(), own() + " failed: " + e, e), false);
        }
    }

    /** One round; false once the ring is to be closed in an orderly way. */
    private boolean turn() throws RingFailure {
        if (closing) {
            if (operation == null && queue.isEmpty()) {
                return false;
            }
            throw new RingFailure(Reason.LOST, member.rank(), own() + " was closed amid an operation", null);
        }
        if (operation == null) {
            begin();
        }
        boolean sent = send();
        boolean received = receive();
        if (operation != null && operation.allReceived() && operation.allSent() && (next.left() || !next.staged())) {
            RingOperation done = operation;
            operation = null;
            done.future().complete(null);
        } else if (!sent && !received) {
            await();
        }
        return true;
    }

    private void begin() {
        operation = queue.poll();
        if (operation != null) {
            sequence++;
            long now = System.nanoTime();
            previous.listen(now);
            progressed = now;
            cancelPolled = now;
        }
    }

    private boolean send() throws RingFailure {
        if (next.left()) {
            if (operation != null && (!operation.allSent() || chunkStaged)) {
                throw hasLeft(next);
            }
            return false;
        }
        if (!next.staged()) {
            if (operation != null && operation.maySend()) {
                long total = operation.total();
                ByteBuffer body = operation.nextToSend();
                int kind = operation.kind().code();
                next.stage(new Frame(Frame.Kind.CHUNK, kind, member.rank(), body.remaining(), sequence, total), body);
                chunkStaged = true;
            } else if (peers.heartbeatDue()) {
                next.stage(Frame.control(Frame.Kind.HEARTBEAT, member.rank(), sequence), NOTHING);
            } else {
                return false;
            }
        }
        boolean any = peers.flush();
        chunkStaged &= next.staged();
        return any;
    }

    private boolean receive() throws RingFailure {
        boolean any = listening() && peers.read();
        if (receiving && previous.complete()) {
            receiving = false;
            progressed = System.nanoTime();
            operation.received();
        }
        if (previous.left() && wanted()) {
            throw hasLeft(previous);
        }
        Frame frame = receiving ? null : previous.head();
        if (frame != null && frame.kind() == Frame.Kind.HEARTBEAT) {
            previousSequence = frame.sequence();
            previous.body(NOTHING);
        } else if (frame != null && wanted()) {
            takeChunk(frame);
            return true;
        }
        return any;
    }

    /** Whether a chunk can be told where to go; until then it stays in the socket. */
    private boolean wanted() {
        return operation != null && !operation.allReceived();
    }

    private boolean listening() {
        return !previous.left() && (receiving || previous.head() == null);
    }

    private void takeChunk(Frame frame) throws RingFailure {
        previousSequence = frame.sequence();
        if (frame.sequence() != sequence || frame.detail() != operation.kind().code() || !operation.expects(frame)) {
            String theirs = RingOperation.Kind.text(frame.detail()) + " of " + frame.total() + " bytes";
            String text = "the ranks are out of step: " + member.name(previous.rank()) + " is in operation "
                    + frame.sequence() + ", " + theirs + ", " + own() + " in " + ownOperation();
            throw new RingFailure(Reason.MISMATCH, previous.rank(), text, null);
        }
        ByteBuffer opened = previous.opened();
        if (opened == null) {
            previous.body(operation.nextToReceive());
            receiving = true;
            return;
        }
        progressed = System.nanoTime();
        operation.take(opened);
        previous.body(NOTHING);
    }

    private void await() throws RingFailure {
        if (operation == null) {
            peers.await(listening(), IDLE_NANOS);
            return;
        }
        long now = System.nanoTime();
        if (now - cancelPolled > CANCEL_POLL_NANOS) {
            cancelPolled = now;
            if (cancelled.getAsBoolean()) {
                throw new RingFailure(Reason.CANCELLED, member.rank(), own() + " was cancelled", null);
            }
        }
        // A peer that has begun the operation only waits itself: whoever waits for the one that has not names it.
        long limit = previousSequence < sequence ? patience : 2 * patience;
        if (now - progressed > limit) {
            String text = member.name(previous.rank()) + " took no part in " + ownOperation() + " for "
                    + limit / 1_000_000 + " ms";
            throw new RingFailure(Reason.LOST, previous.rank(), text, null);
        }
        peers.await(listening(), CANCEL_POLL_NANOS);
    }

    private RingFailure hasLeft(Connection peer) {
        String text = member.name(peer.rank()) + " has left the ring before " + ownOperation() + " was done";
        return new RingFailure(Reason.LOST, peer.rank(), text, null);
    }

    private String ownOperation() {
        return "operation " + sequence + ", "
                + RingOperation.Kind.text(operation.kind().code()) + " of " + operation.ownBytes() + " bytes";
    }

    private String own() {
        return member.name(member.rank());
    }

    private void end(RingFailure reason, boolean orderly) {
        failure = reason;
        peers.close(reason, orderly, () -> {
            if (operation != null) {
                operation.future().completeExceptionally(reason.exception());
            }
            failQueue();
        });
    }

    private void failQueue() {
        for (RingOperation left = queue.poll(); left != null; left = queue.poll()) {
            left.future().completeExceptionally(failure.exception());
        }
    }
}
