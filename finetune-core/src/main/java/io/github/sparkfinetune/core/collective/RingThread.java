package io.github.sparkfinetune.core.collective;

import io.github.sparkfinetune.core.collective.RingFailure.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that moves a ring's bytes. Chunks and heartbeats go to the next rank and come from the previous one;
 * the other direction of each connection carries only aborts and goodbyes. Between operations the thread keeps giving
 * and watching for signs of life. It waits nowhere but in the selector.
 */
final class RingThread implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(RingThread.class);
    private static final long CANCEL_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private final RingMember member;
    private final Connection previous;
    private final Connection next;
    private final Selector selector;
    private final BooleanSupplier cancelled;
    private final long silence;
    private final long patience;

    private final Queue<RingOperation> queue = new ConcurrentLinkedQueue<>();
    private final ByteBuffer told = ByteBuffer.allocateDirect(Frame.LONGEST_TEXT);
    private volatile RingFailure failure;
    private volatile boolean closing;

    private RingOperation operation;
    private long sequence;
    private long previousSequence;
    private long progressed;
    private long cancelPolled;
    private boolean receiving;
    private boolean nextSpoke;

    RingThread(
            RingMember member, Connection previous, Connection next, RingTimeouts timeouts, BooleanSupplier cancelled)
            throws IOException {
        this.member = member;
        this.previous = previous;
        this.next = next;
        this.cancelled = cancelled;
        this.silence = timeouts.silence().toNanos();
        this.patience = timeouts.operation().toNanos();
        this.selector = Selector.open();
        previous.key(previous.channel().register(selector, SelectionKey.OP_READ));
        next.key(next.channel().register(selector, SelectionKey.OP_READ));
    }

    /** Starts an operation, or fails its future if the ring has ended. */
    void submit(RingOperation submitted) {
        queue.add(submitted);
        // Looked at after the addition: either the thread sees the operation or this sees the failure.
        if (failure != null) {
            failQueue();
        } else {
            selector.wakeup();
        }
    }

    /** Why the ring ended, or null. */
    RingFailure failure() {
        return failure;
    }

    /** Asks the thread to say goodbye and end. */
    void close() {
        closing = true;
        selector.wakeup();
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

    private void begin() throws RingFailure {
        operation = queue.poll();
        if (operation != null) {
            sequence++;
            if (previous.left() || next.left()) {
                throw hasLeft(previous.left() ? previous : next);
            }
            long now = System.nanoTime();
            previous.listen(now);
            progressed = now;
            cancelPolled = now;
        }
    }

    private boolean send() throws RingFailure {
        if (next.left()) {
            return false;
        }
        if (!next.staged()) {
            if (operation != null && operation.maySend()) {
                long total = operation.total();
                ByteBuffer body = operation.nextToSend();
                int kind = operation.kind().code();
                next.stage(new Frame(Frame.Kind.CHUNK, kind, member.rank(), body.remaining(), sequence, total), body);
            } else if (System.nanoTime() - next.sent() > silence / 4) {
                next.stage(Frame.control(Frame.Kind.HEARTBEAT, member.rank(), sequence), NOTHING);
            } else {
                return false;
            }
        }
        try {
            return next.flush();
        } catch (IOException e) {
            throw lost(next, e);
        }
    }

    private boolean receive() throws RingFailure {
        boolean progress = listening() && read();
        if (receiving && previous.complete()) {
            receiving = false;
            progressed = System.nanoTime();
            operation.received();
        }
        Frame frame = previous.head();
        if (frame == null || receiving) {
            return progress;
        }
        switch (frame.kind()) {
            case HEARTBEAT -> {
                previousSequence = frame.sequence();
                previous.body(NOTHING);
            }
            case GOODBYE -> takeGoodbye(previous);
            case ABORT -> throw readAbort(previous, frame);
            case CHUNK -> {
                if (!wanted()) {
                    return progress;
                }
                takeChunk(frame);
            }
        }
        return true;
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
            throw new RingFailure(
                    Reason.MISMATCH,
                    previous.rank(),
                    "the ranks are out of step: " + member.name(previous.rank()) + " is in operation "
                            + describe(frame.sequence(), frame.detail(), frame.total()) + ", " + own()
                            + " in operation "
                            + describe(sequence, operation.kind().code(), operation.ownBytes()),
                    null);
        }
        previous.body(operation.nextToReceive());
        receiving = true;
    }

    private static String describe(long number, int kind, long bytes) {
        return number + ", " + RingOperation.Kind.text(kind) + " of " + bytes + " bytes";
    }

    private void takeGoodbye(Connection from) throws RingFailure {
        from.body(NOTHING);
        try {
            from.leave();
        } catch (IOException e) {
            throw lost(from, e);
        }
        boolean needed = from == previous ? wanted() : operation != null && (!operation.allSent() || next.staged());
        if (needed) {
            throw hasLeft(from);
        }
    }

    private RingFailure readAbort(Connection from, Frame frame) throws RingFailure {
        ByteBuffer body = told.clear().limit(frame.length());
        from.body(body);
        long deadline = System.nanoTime() + Farewell.NANOS;
        try {
            while (!from.complete() && System.nanoTime() < deadline) {
                if (!from.read()) {
                    select(TimeUnit.MILLISECONDS.toNanos(10));
                }
            }
        } catch (IOException e) {
            LOG.debug("{} ended amid its abort", member.name(from.rank()), e);
        }
        return RingFailure.told(frame, body.flip());
    }

    private boolean read() throws RingFailure {
        try {
            return previous.read();
        } catch (Connection.ProtocolException e) {
            throw new RingFailure(
                    Reason.MISMATCH, previous.rank(), member.name(previous.rank()) + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw lost(previous, e);
        }
    }

    /** Takes what the next rank says against the direction of the ring. */
    private void hearNext() throws RingFailure {
        try {
            while (!next.left() && next.read()) {
                Frame frame = next.head();
                if (frame != null && frame.kind() == Frame.Kind.ABORT) {
                    throw readAbort(next, frame);
                } else if (frame != null) {
                    takeGoodbye(next);
                }
            }
        } catch (IOException e) {
            throw endOf(next, e);
        }
    }

    /** What the end of a connection means: the next rank may have told of the true cause before. */
    private RingFailure lost(Connection neighbour, IOException cause) {
        try {
            hearNext();
        } catch (RingFailure e) {
            if (e.isTold()) {
                return e;
            }
        }
        return endOf(neighbour, cause);
    }

    private RingFailure endOf(Connection neighbour, IOException cause) {
        String text = member.name(neighbour.rank()) + " was lost: " + cause.getMessage();
        return new RingFailure(Reason.LOST, neighbour.rank(), text, cause);
    }

    private RingFailure hasLeft(Connection neighbour) {
        String text = member.name(neighbour.rank()) + " has left the ring before operation " + sequence + " was done";
        return new RingFailure(Reason.LOST, neighbour.rank(), text, null);
    }

    /** Waits until a socket, an operation or a deadline needs the thread. */
    private void await() throws RingFailure {
        long now = System.nanoTime();
        long wait = TimeUnit.HOURS.toNanos(1);
        if (!next.left() && !next.staged()) {
            wait = silence / 4 - (now - next.sent());
        }
        if (listening()) {
            long rest = silence - (now - previous.heard());
            if (rest <= 0) {
                throw lost(previous, new IOException("no sign of life for " + silence / 1_000_000 + " ms"));
            }
            wait = Math.min(wait, rest);
        }
        if (operation != null) {
            checkOperation(now);
            wait = Math.min(wait, CANCEL_POLL_NANOS);
        }
        previous.interest(listening() ? SelectionKey.OP_READ : 0);
        next.interest(next.left() ? 0 : SelectionKey.OP_READ | (next.staged() ? SelectionKey.OP_WRITE : 0));
        select(wait);
        if (nextSpoke) {
            nextSpoke = false;
            hearNext();
        }
    }

    private void checkOperation(long now) throws RingFailure {
        if (now - cancelPolled > CANCEL_POLL_NANOS) {
            cancelPolled = now;
            if (cancelled.getAsBoolean()) {
                throw new RingFailure(Reason.CANCELLED, member.rank(), own() + " was cancelled", null);
            }
        }
        // A neighbour that has begun the operation only waits itself: whoever waits for the one that has not names it.
        long limit = previousSequence < sequence ? patience : 2 * patience;
        if (now - progressed > limit) {
            String text = member.name(previous.rank()) + " took no part in operation "
                    + describe(sequence, operation.kind().code(), operation.ownBytes()) + " for "
                    + limit / 1_000_000 + " ms";
            throw new RingFailure(Reason.LOST, previous.rank(), text, null);
        }
    }

    private void select(long nanos) throws RingFailure {
        try {
            selector.select(
                    key -> nextSpoke |= key.channel() == next.channel() && key.isReadable(),
                    Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos)));
        } catch (IOException e) {
            throw new RingFailure(Reason.LOST, member.rank(), own() + " cannot wait for its sockets: " + e, e);
        }
    }

    private String own() {
        return member.name(member.rank());
    }

    private void end(RingFailure reason, boolean orderly) {
        failure = reason;
        try (Farewell farewell = new Farewell(selector, List.of(previous, next))) {
            farewell.tell(reason, orderly);
            if (operation != null) {
                operation.future().completeExceptionally(reason.exception());
            }
            failQueue();
            farewell.linger(reason.rank());
        } catch (IOException e) {
            LOG.debug("{} could not part from its ring in an orderly way", own(), e);
        }
    }

    private void failQueue() {
        for (RingOperation left = queue.poll(); left != null; left = queue.poll()) {
            left.future().completeExceptionally(failure.exception());
        }
    }
}
