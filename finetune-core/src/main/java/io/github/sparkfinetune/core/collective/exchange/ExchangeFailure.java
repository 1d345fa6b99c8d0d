package io.github.sparkfinetune.core.collective.exchange;

import io.github.sparkfinetune.core.collective.LostRankException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CancellationException;

/** Cause of an exchange's early end. Ranks forward it, so that all of them name the same cause. */
final class ExchangeFailure extends Exception {
    private static final long serialVersionUID = 1L;
    private static final int LOST_CODE = 1;
    private static final int MISMATCH_CODE = 2;

    /** Kind of a failure. */
    enum Reason {
        /** A rank is gone; a retry may succeed. */
        LOST,
        /** Ranks called different operations: a bug in the program. */
        MISMATCH,
        /** This rank was cancelled. */
        CANCELLED
    }

    private final Reason reason;
    private final int rank;

    ExchangeFailure(Reason reason, int rank, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.rank = rank;
    }

    /** Returns whether the causing rank cannot be reached. */
    boolean isLoss() {
        return reason == Reason.LOST;
    }

    /** Returns the rank that is the cause. */
    int rank() {
        return rank;
    }

    /** Returns the failure that an abort frame and its body report. */
    static ExchangeFailure reported(Frame frame, ByteBuffer body) {
        Reason reason = frame.detail() == MISMATCH_CODE ? Reason.MISMATCH : Reason.LOST;
        return new ExchangeFailure(
                reason, frame.rank(), StandardCharsets.UTF_8.decode(body).toString(), null);
    }

    /** Returns the frame that reports the failure to the other ranks. To them, a cancelled rank is lost. */
    Frame frame(int length) {
        int code = reason == Reason.MISMATCH ? MISMATCH_CODE : LOST_CODE;
        return new Frame(Frame.Kind.ABORT, code, rank, length, 0, Frame.Part.NONE);
    }

    byte[] body() {
        byte[] text = getMessage().getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(text, Math.min(text.length, Frame.LONGEST_TEXT));
    }

    /**
     * Returns the exception for callers of a collective's operations; a new one each time, because it shows their
     * stack.
     */
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
