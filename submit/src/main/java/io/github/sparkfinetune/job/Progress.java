package io.github.sparkfinetune.job;

import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.train.TrainingRecord;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Shows the progress of a training: step, loss, learning rate, tokens per second and remaining time. Names a rank that
 * slows the other ranks down. A terminal has one line that is redrawn; other output gets at most one line every five
 * seconds.
 */
public final class Progress implements AutoCloseable {
    private static final long LINE_EVERY = 5_000_000_000L;
    private static final int CELLS = 20;

    private final PrintWriter out;
    private final boolean redraw;
    private final LongSupplier nanos;
    private final int width;

    private volatile double share;
    private boolean started;
    private boolean open;
    private long firstStep;
    private long firstNanos;
    private long lastLineNanos;

    /**
     * @param redraw whether {@code out} is a terminal
     * @param nanos a clock, such as {@link System#nanoTime}
     */
    public Progress(PrintWriter out, boolean redraw, LongSupplier nanos) {
        this.out = out;
        this.redraw = redraw;
        this.nanos = nanos;
        String columns = System.getenv("COLUMNS");
        this.width = columns != null && columns.matches("[0-9]{2,4}") ? Integer.parseInt(columns) - 1 : 100;
    }

    synchronized void add(TrainingRecord record) {
        share = (double) record.step() / record.totalSteps();
        long now = nanos.getAsLong();
        if (!started) {
            started = true;
            firstStep = record.step();
            firstNanos = now;
            lastLineNanos = now - LINE_EVERY;
        }
        if (record.precision() != null) {
            endLine();
            out.println("precision " + record.precision());
        }
        if (record.slowRank() != null) {
            endLine();
            out.printf(
                    Locale.ROOT,
                    "warning   %s computes a step in %.2f s, the others in %.2f s and wait: is its machine busy or slower?%n",
                    record.slowRank().name(),
                    record.slowRank().seconds(),
                    record.slowRank().others());
        }
        if (record.eval() != null) {
            endLine();
            StringBuilder line = new StringBuilder("eval      step " + record.step());
            record.eval().forEach((name, value) -> line.append("  " + name + " " + Metric.shown(name, value)));
            out.println(line);
        } else if (redraw) {
            String line = line(record, now);
            out.print("\r" + (line.length() > width ? line.substring(0, width) : line) + "\u001b[K");
            out.flush();
            open = true;
        } else if (now - lastLineNanos >= LINE_EVERY || record.step() == record.totalSteps()) {
            out.println(line(record, now));
            lastLineNanos = now;
        }
    }

    /** Returns the completed share of the steps; any thread may call it. */
    double share() {
        return share;
    }

    /** Shows a line of other work in progress. */
    synchronized void say(String line) {
        endLine();
        out.println(line);
    }

    private String line(TrainingRecord record, long now) {
        int filled = (int) (share * CELLS);
        return String.format(
                Locale.ROOT,
                "train     [%s%s] %d/%d  loss %.4f  lr %.2e  %,.0f tokens/s  %s",
                "#".repeat(filled),
                "-".repeat(CELLS - filled),
                record.step(),
                record.totalSteps(),
                record.training().loss(),
                record.training().learningRate(),
                record.training().tokensPerSecond(),
                left(record, now));
    }

    /** Returns the remaining time at the mean speed since the first record. */
    private String left(TrainingRecord record, long now) {
        if (record.step() == record.totalSteps()) {
            return "done";
        }
        if (record.step() == firstStep) {
            return "ETA ?";
        }
        double seconds = (now - firstNanos) / 1e9 / (record.step() - firstStep) * (record.totalSteps() - record.step());
        long whole = Math.round(seconds);
        return whole < 3600
                ? String.format(Locale.ROOT, "ETA %d:%02d", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "ETA %d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
    }

    private void endLine() {
        if (open) {
            out.println();
            open = false;
        }
    }

    @Override
    public synchronized void close() {
        endLine();
    }
}
