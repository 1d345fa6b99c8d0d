package io.github.sparkfinetune.core.collective.exchange;

import io.github.sparkfinetune.core.collective.address.Member;
import io.github.sparkfinetune.core.collective.exchange.ExchangeFailure.Reason;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that moves an exchange's bytes. It works off operations in the order of submission, and sends and monitors
 * heartbeats between them. It waits only in {@link ExchangePeers#await}.
 */
final class ExchangeThread implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(ExchangeThread.class);
    private static final long CANCEL_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long IDLE_NANOS = TimeUnit.HOURS.toNanos(1);
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private final Member member;
    private final ExchangePeers peers;
    private final long patience;
    private final BooleanSupplier cancelled;

    private final ExchangeProgress progress = new ExchangeProgress();
    private final Queue<ExchangeOperation> queue = new ConcurrentLinkedQueue<>();
    private volatile ExchangeFailure failure;
    private volatile boolean closing;

    private ExchangeOperation operation;
    private long sequence;
    private long progressed;
    private long cancelPolled;

    /** @param patience nanoseconds without progress after which an operation fails */
    ExchangeThread(Member member, ExchangePeers peers, long patience, BooleanSupplier cancelled) {
        this.member = member;
        this.peers = peers;
        this.patience = patience;
        this.cancelled = cancelled;
    }

    /** Starts an operation, or fails its future if the exchange has ended. */
    void submit(ExchangeOperation submitted) {
        queue.add(submitted);
        // Read after the addition, so that either the thread sees the operation or this method sees the failure.
        if (failure != null) {
            failQueue();
        } else {
            peers.wake();
        }
    }

    /** Reports progress of this rank; any thread may call it. */
    void progressed() {
        progress.add();
    }

    /** Returns why the exchange ended, or null. */
    ExchangeFailure failure() {
        return failure;
    }

    /** Makes the thread say goodbye and end. */
    void close() {
        closing = true;
        peers.wake();
    }

    @Override
    public void run() {
        try {
            listenAnew();
            while (turn()) {}
            end(new ExchangeFailure(Reason.LOST, member.rank(), "the exchange of " + own() + " is closed", null), true);
        } catch (ExchangeFailure e) {
            end(e, false);
        } catch (RuntimeException | Error e) {
            LOG.error("the exchange's thread of {} failed", own(), e);
            end(new ExchangeFailure(Reason.LOST, member.rank(), own() + " failed: " + e, e), false);
        }
    }

    /** Restarts the measurement of silence. */
    private void listenAnew() {
        long now = System.nanoTime();
        peers.all().forEach(peer -> peer.connection().listen(now));
    }

    /** Runs one round; returns false if the exchange must be closed cleanly. */
    private boolean turn() throws ExchangeFailure {
        if (closing) {
            if (operation == null && queue.isEmpty()) {
                return false;
            }
            throw new ExchangeFailure(Reason.LOST, member.rank(), own() + " was closed during an operation", null);
        }
        if (operation == null) {
            begin();
        }
        peers.poll();
        boolean any = false;
        boolean written = true;
        for (Peer peer : peers.all()) {
            any |= send(peer);
            any |= receive(peer);
            written &= !peer.sends();
        }
        if (operation != null && written && operation.isSent() && operation.allReceived()) {
            ExchangeOperation done = operation;
            operation = null;
            done.future().complete(null);
        } else if (!any) {
            await();
        }
        return true;
    }

    private void begin() {
        operation = queue.poll();
        if (operation != null) {
            sequence++;
            listenAnew();
            progressed = System.nanoTime();
            cancelPolled = progressed;
            operation.begin();
        }
    }

    private boolean send(Peer peer) throws ExchangeFailure {
        Connection to = peer.connection();
        if (to.left()) {
            if (operation != null && (peer.sends() || operation.nextFor(peer.rank()) != null)) {
                throw hasLeft(peer);
            }
            return false;
        }
        if (!to.staged()) {
            ExchangeOperation.Outgoing chunk = operation == null ? null : operation.nextFor(peer.rank());
            if (chunk != null) {
                int kind = operation.kind().code();
                int length = chunk.body().remaining();
                Frame frame = new Frame(Frame.Kind.CHUNK, kind, member.rank(), length, sequence, chunk.part());
                peer.stage(frame, chunk);
            } else if (peers.heartbeatDue(peer)) {
                to.stage(progress.heartbeat(member.rank(), sequence, System.nanoTime()), NOTHING);
            } else {
                return false;
            }
        }
        boolean any = peers.flush(peer);
        ExchangeOperation.Outgoing sent = peer.takeSent();
        if (sent != null) {
            operation.sent(sent);
        }
        return any;
    }

    private boolean receive(Peer peer) throws ExchangeFailure {
        Connection from = peer.connection();
        boolean any = peer.listening() && peers.read(peer);
        Frame received = peer.takeReceived();
        if (received != null) {
            any = true;
            chunkArrived();
            operation.received(peer.rank(), received, peer.target());
        }
        if (from.left() && operation != null && operation.awaited(peer.rank()) > 0) {
            throw hasLeft(peer);
        }
        Frame frame = peer.reads() ? null : from.head();
        if (frame != null && frame.kind() == Frame.Kind.HEARTBEAT) {
            peer.hasBegun(frame.sequence());
            progress.heard(peer, frame, System.nanoTime());
            from.body(NOTHING);
            return true;
        }
        if (frame != null) {
            peer.hasBegun(frame.sequence());
            // A chunk of an operation that this rank has not begun stays in the socket.
            if (operation != null && frame.sequence() <= sequence) {
                takeChunk(peer, frame);
                return true;
            }
        }
        return any;
    }

    private void takeChunk(Peer peer, Frame frame) throws ExchangeFailure {
        if (frame.sequence() != sequence
                || frame.detail() != operation.kind().code()
                || !operation.expects(peer.rank(), frame)) {
            String peerOperation = ExchangeOperation.Kind.text(frame.detail()) + " of "
                    + frame.part().total() + " bytes";
            String text = "the ranks are out of step: " + member.name(peer.rank()) + " is in operation "
                    + frame.sequence() + ", " + peerOperation + ", " + own() + " in " + ownOperation();
            throw new ExchangeFailure(Reason.MISMATCH, peer.rank(), text, null);
        }
        ByteBuffer opened = peer.connection().opened();
        if (opened == null) {
            peer.take(frame, operation.target(frame));
            return;
        }
        chunkArrived();
        operation.take(peer.rank(), frame, opened);
        peer.connection().body(NOTHING);
    }

    private void chunkArrived() {
        progressed = System.nanoTime();
        progress.at(progressed);
    }

    private void await() throws ExchangeFailure {
        if (operation == null) {
            peers.await(IDLE_NANOS);
            return;
        }
        long now = System.nanoTime();
        if (now - cancelPolled > CANCEL_POLL_NANOS) {
            cancelPolled = now;
            if (cancelled.getAsBoolean()) {
                throw new ExchangeFailure(Reason.CANCELLED, member.rank(), own() + " was cancelled", null);
            }
        }
        if (now - progressed > patience) {
            checkIdle(now);
        }
        peers.await(CANCEL_POLL_NANOS);
    }

    /**
     * Fails if a peer is idle. A peer that has begun the operation only waits itself, and the rank that waits for the
     * idle rank names it.
     */
    private void checkIdle(long now) throws ExchangeFailure {
        for (Peer peer : peers.all()) {
            boolean begun = peer.begun() >= sequence;
            long limit = begun ? 2 * patience : patience;
            long idle = begun ? progress.idleNanos(now) : now - Math.max(progressed, peer.progressed());
            if (operation.awaited(peer.rank()) > 0 && idle > limit) {
                String text = member.name(peer.rank()) + " did not take part in " + ownOperation()
                        + " and made no progress for " + limit / 1_000_000 + " ms";
                throw new ExchangeFailure(Reason.LOST, peer.rank(), text, null);
            }
        }
    }

    private ExchangeFailure hasLeft(Peer peer) {
        String text = member.name(peer.rank()) + " has left the exchange before " + ownOperation() + " was done";
        return new ExchangeFailure(Reason.LOST, peer.rank(), text, null);
    }

    private String ownOperation() {
        return "operation " + sequence + ", "
                + ExchangeOperation.Kind.text(operation.kind().code()) + " of " + operation.ownBytes() + " bytes";
    }

    private String own() {
        return member.name(member.rank());
    }

    private void end(ExchangeFailure reason, boolean orderly) {
        failure = reason;
        peers.close(reason, orderly, () -> {
            if (operation != null) {
                operation.future().completeExceptionally(reason.exception());
            }
            failQueue();
        });
    }

    private void failQueue() {
        for (ExchangeOperation queued = queue.poll(); queued != null; queued = queue.poll()) {
            queued.future().completeExceptionally(failure.exception());
        }
    }
}
