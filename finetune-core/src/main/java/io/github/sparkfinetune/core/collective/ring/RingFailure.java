package io.github.sparkfinetune.core.collective.ring;

import io.github.sparkfinetune.core.collective.LostRankException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CancellationException;

/** Why a ring ended before its time; travels round the ring so that all ranks name the same cause. */
final class RingFailure extends Exception {
    private static final long serialVersionUID = 1L;
    private static final int LOST_CODE = 1;
    private static final int MISMATCH_CODE = 2;

    /** What kind of failure. */
    enum Reason {
        /** A rank is gone; a retry may succeed. */
        LOST,
        /** Ranks called different operations: a defect of the program. */
        MISMATCH,
        /** This rank was told to stop. */
        CANCELLED
    }

    private final Reason reason;
    private final int rank;

    private final boolean told;

    RingFailure(Reason reason, int rank, String message, Throwable cause) {
        this(reason, rank, message, cause, false);
    }

    private RingFailure(Reason reason, int rank, String message, Throwable cause, boolean told) {
        super(message, cause);
        this.reason = reason;
        this.rank = rank;
        this.told = told;
    }

    /** Whether another rank has found it. */
    boolean isTold() {
        return told;
    }

    /** Whether the rank that is the cause can not be spoken to. */
    boolean isLoss() {
        return reason == Reason.LOST;
    }

    /** The rank that is the cause. */
    int rank() {
        return rank;
    }

    /** The failure that an abort frame and its body tell of. */
    static RingFailure told(Frame frame, ByteBuffer body) {
        Reason reason = frame.detail() == MISMATCH_CODE ? Reason.MISMATCH : Reason.LOST;
        return new RingFailure(
                reason, frame.rank(), StandardCharsets.UTF_8.decode(body).toString(), null, true);
    }

    /** What the other ranks are told: to them a rank that was told to stop is lost. */
    Frame frame(int length) {
        int code = reason == Reason.MISMATCH ? MISMATCH_CODE : LOST_CODE;
        return new Frame(Frame.Kind.ABORT, code, rank, length, 0, Frame.Part.NONE);
    }

    byte[] body() {
        byte[] text = getMessage().getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(text, Math.min(text.length, Frame.LONGEST_TEXT));
    }

    /** What the callers of a collective's operations are given; a new one each time, for it shows their stack. */
    RuntimeException exception() {
        return switch (reason) {
            case LOST -> new LostRankException(rank, getMessage(), this);
            case MISMATCH -> new IllegalStateException(getMessage(), this);
            case CANCELLED -> {
                CancellationException cancelled = new CancellationException(getMessage());
                cancelled.initCause(this);
                yield cancelled;
            }
        };
    }
}
