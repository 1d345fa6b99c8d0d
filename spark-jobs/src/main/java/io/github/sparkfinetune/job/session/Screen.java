package io.github.sparkfinetune.job.session;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps written text as a terminal shows it: complete lines and the unfinished line, which a carriage return restarts.
 * One thread writes, another thread reads.
 */
final class Screen extends Writer {
    private static final String CLEAR = "\u001b[K";

    /**
     * Where steps show their progress.
     *
     * @param screen keeps the text for {@code shown}; empty if the text goes elsewhere
     * @param redraw whether a carriage return restarts a line there
     */
    record Output(Screen screen, PrintWriter writer, boolean redraw) {
        static Output kept() {
            Screen screen = new Screen();
            return new Output(screen, new PrintWriter(screen), true);
        }

        /** Returns standard error. */
        static Output onConsole(boolean redraw) {
            return new Output(new Screen(), new PrintWriter(System.err, true, StandardCharsets.UTF_8), redraw);
        }
    }

    private final List<String> lines = new ArrayList<>();
    private final StringBuilder open = new StringBuilder();

    @Override
    public void write(char[] text, int from, int length) {
        write(new String(text, from, length));
    }

    @Override
    public void write(String text, int from, int length) {
        write(text.substring(from, from + length));
    }

    @Override
    public synchronized void write(String text) {
        for (char c : text.replace(CLEAR, "").toCharArray()) {
            if (c == '\n') {
                lines.add(open.toString());
                open.setLength(0);
            } else if (c == '\r') {
                open.setLength(0);
            } else {
                open.append(c);
            }
        }
    }

    /** Returns the complete lines since the last call. */
    synchronized List<String> take() {
        List<String> taken = List.copyOf(lines);
        lines.clear();
        return taken;
    }

    /** Returns the unfinished line. */
    synchronized String open() {
        return open.toString();
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
