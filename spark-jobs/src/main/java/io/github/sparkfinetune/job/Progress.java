package io.github.sparkfinetune.job;

import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.speed.Pace;
import io.github.sparkfinetune.core.train.speed.SlowRank;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.OptionalDouble;
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
    private final Pace pace = new Pace();
    private boolean started;
    private boolean open;
    private long lastLineNanos;

    /**
     * @param redraw whether {@code out} is a terminal
     * @param nanos a clock, such as {@link System#nanoTime}
     */
    public Progress(PrintWriter out, boolean redraw, LongSupplier nanos) {
        this.out = out;
        this.redraw = redraw;
        this.nanos = nanos;
        this.width = width();
    }

    /** Shows a record. */
    public synchronized void add(TrainingRecord record) {
        share = (double) record.step() / record.totalSteps();
        long now = nanos.getAsLong();
        if (!started) {
            started = true;
            lastLineNanos = now - LINE_EVERY;
        }
        pace.add(record.step(), record.totalSteps(), now);
        if (record.precision() != null) {
            endLine();
            out.println("precision " + record.precision());
        }
        if (record.slowRank() != null) {
            endLine();
            out.println(slowLine(record.slowRank()));
        }
        if (record.eval() != null) {
            endLine();
            out.println(evalLine(record));
        } else if (redraw) {
            String line = line(record);
            out.print("\r" + (line.length() > width ? line.substring(0, width) : line) + "\u001b[K");
            out.flush();
            open = true;
        } else if (now - lastLineNanos >= LINE_EVERY || record.step() == record.totalSteps()) {
            out.println(line(record));
            lastLineNanos = now;
        }
    }

    /** Returns the completed share of the steps; any thread may call it. */
    public double share() {
        return share;
    }

    /** Shows a line of other work in progress. */
    synchronized void say(String line) {
        endLine();
        out.println(line);
    }

    private String line(TrainingRecord record) {
        return stepLine(record, pace.secondsLeft());
    }

    /**
     * Returns the line of a step.
     *
     * @param secondsLeft remaining time, or empty if unknown
     */
    static String stepLine(TrainingRecord record, OptionalDouble secondsLeft) {
        String left = secondsLeft.isEmpty() ? "ETA ?" : "ETA " + Pace.clock(secondsLeft.getAsDouble());
        return String.format(
                Locale.ROOT,
                "train     %s %d/%d  loss %.4f  lr %.2e  %,.0f tokens/s  %s",
                bar((double) record.step() / record.totalSteps()),
                record.step(),
                record.totalSteps(),
                record.loss(),
                record.learningRate(),
                record.tokensPerSecond(),
                record.step() == record.totalSteps() ? "done" : left);
    }

    /** Returns a bar of the completed share. */
    static String bar(double share) {
        int filled = (int) (share * CELLS);
        return "[" + "#".repeat(filled) + "-".repeat(CELLS - filled) + "]";
    }

    /** Returns the line of an evaluation. */
    static String evalLine(TrainingRecord record) {
        StringBuilder line = new StringBuilder("eval      step " + record.step());
        record.eval().forEach((name, value) -> line.append("  " + name + " " + Metric.shown(name, value)));
        return line.toString();
    }

    /** Returns the warning about a rank for which the others wait. */
    static String slowLine(SlowRank slow) {
        return String.format(
                Locale.ROOT,
                "warning   %s computes a step in %.2f s, the others in %.2f s and wait: is its machine busy or slower?",
                slow.name(),
                slow.seconds(),
                slow.others());
    }

    /** Returns the width of the terminal. */
    static int width() {
        String columns = System.getenv("COLUMNS");
        return columns != null && columns.matches("[0-9]{2,4}") ? Integer.parseInt(columns) - 1 : 100;
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
