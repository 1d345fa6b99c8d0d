package io.github.sparkfinetune.core.collective.ring;

import io.github.sparkfinetune.core.collective.ring.RingFailure.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A rank's two connections and what can go wrong with them. Chunks and heartbeats go to the next rank and come from the
 * previous one; the other direction of each connection carries only aborts and goodbyes.
 */
final class RingPeers {
    private static final Logger LOG = LoggerFactory.getLogger(RingPeers.class);
    private static final int SIGNS_OF_LIFE = 4;
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private final RingMember member;
    private final Connection previous;
    private final Connection next;
    private final Selector selector;
    private final long silence;
    private final ByteBuffer told = ByteBuffer.allocateDirect(Frame.LONGEST_TEXT);
    private boolean nextSpoke;

    /** @param silence nanoseconds without a sign of life after which the previous rank is lost */
    RingPeers(RingMember member, Connection previous, Connection next, long silence) throws IOException {
        this.member = member;
        this.previous = previous;
        this.next = next;
        this.silence = silence;
        this.selector = Selector.open();
        previous.key(previous.channel().register(selector, SelectionKey.OP_READ));
        next.key(next.channel().register(selector, SelectionKey.OP_READ));
    }

    Connection previous() {
        return previous;
    }

    Connection next() {
        return next;
    }

    /** Ends the present or the next {@link #await}; from any thread. */
    void wake() {
        selector.wakeup();
    }

    /** Writes what the next rank's socket takes; returns whether it took anything. */
    boolean flush() throws RingFailure {
        try {
            return next.flush();
        } catch (IOException e) {
            throw lost(next, e);
        }
    }

    /** Whether it is time to give a sign of life. */
    boolean heartbeatDue() {
        return System.nanoTime() - next.sent() > silence / SIGNS_OF_LIFE;
    }

    /**
     * Reads what the previous rank has sent; returns whether it was anything. Goodbyes and aborts are dealt with here,
     * all other frames are left to the caller.
     */
    boolean read() throws RingFailure {
        try {
            boolean any = previous.read();
            Frame frame = previous.complete() ? previous.head() : null;
            if (frame != null && frame.kind() == Frame.Kind.ABORT) {
                throw readAbort(previous, frame);
            }
            if (frame != null && frame.kind() == Frame.Kind.GOODBYE) {
                previous.body(NOTHING);
                previous.leave();
            }
            return any;
        } catch (FrameReader.ProtocolException e) {
            String text = member.name(previous.rank()) + ": " + e.getMessage();
            throw new RingFailure(Reason.MISMATCH, previous.rank(), text, e);
        } catch (IOException e) {
            throw lost(previous, e);
        }
    }

    /**
     * Waits until a socket can go on, {@link #wake} or {@code longest} nanoseconds have passed, but not beyond the time
     * of the next sign of life.
     *
     * @param listening whether the previous rank's bytes are wanted; while they are not, its silence is not counted
     */
    void await(boolean listening, long longest) throws RingFailure {
        long now = System.nanoTime();
        long wait = longest;
        if (!next.left() && !next.staged()) {
            wait = Math.min(wait, silence / SIGNS_OF_LIFE - (now - next.sent()));
        }
        if (listening) {
            long rest = silence - (now - previous.heard());
            if (rest <= 0) {
                throw lost(previous, new IOException("no sign of life for " + silence / 1_000_000 + " ms"));
            }
            wait = Math.min(wait, rest);
        }
        previous.interest(listening ? SelectionKey.OP_READ : 0);
        next.interest(next.left() ? 0 : SelectionKey.OP_READ | (next.staged() ? SelectionKey.OP_WRITE : 0));
        select(wait);
        if (nextSpoke) {
            nextSpoke = false;
            hearNext();
        }
    }

    private void select(long nanos) throws RingFailure {
        try {
            selector.select(
                    key -> nextSpoke |= key.channel() == next.channel() && key.isReadable(),
                    Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos)));
        } catch (IOException e) {
            String text = member.name(member.rank()) + " cannot wait for its sockets: " + e.getMessage();
            throw new RingFailure(Reason.LOST, member.rank(), text, e);
        }
    }

    private void hearNext() throws RingFailure {
        try {
            while (!next.left() && next.read()) {
                Frame frame = next.head();
                if (frame != null && frame.kind() == Frame.Kind.ABORT) {
                    throw readAbort(next, frame);
                }
                if (frame != null) {
                    next.body(NOTHING);
                    next.leave();
                }
            }
        } catch (IOException e) {
            throw endOf(next, e);
        }
    }

    private RingFailure readAbort(Connection from, Frame frame) throws RingFailure {
        ByteBuffer body = told.clear().limit(frame.length());
        from.body(body);
        long deadline = System.nanoTime() + GracefulClose.NANOS;
        try {
            while (!from.complete() && System.nanoTime() < deadline) {
                if (!from.read()) {
                    from.interest(SelectionKey.OP_READ);
                    select(TimeUnit.MILLISECONDS.toNanos(10));
                }
            }
        } catch (IOException e) {
            LOG.debug("{} ended amid its abort", member.name(from.rank()), e);
        }
        return RingFailure.told(frame, body.flip());
    }

    /** What the end of a connection means: the next rank may have told of the true cause before. */
    private RingFailure lost(Connection peer, IOException cause) {
        try {
            hearNext();
        } catch (RingFailure e) {
            if (e.isTold()) {
                return e;
            }
        }
        return endOf(peer, cause);
    }

    private RingFailure endOf(Connection peer, IOException cause) {
        String text = member.name(peer.rank()) + " was lost: " + cause.getMessage();
        return new RingFailure(Reason.LOST, peer.rank(), text, cause);
    }

    /** Closes both; {@code told} runs once they know why, before the time that they are given to read it. */
    void close(RingFailure reason, boolean orderly, Runnable told) {
        try (GracefulClose parting = new GracefulClose(selector, List.of(previous, next))) {
            try {
                parting.tell(reason, orderly);
            } finally {
                told.run();
            }
            parting.linger(reason.rank());
        } catch (IOException e) {
            LOG.debug("{} could not leave its ring in an orderly way", member.name(member.rank()), e);
        }
    }
}
