package io.github.sparkfinetune.job.session;

import java.io.Writer;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps written text as a terminal shows it: complete lines and the unfinished line, which a carriage return restarts.
 * One thread writes, another thread reads.
 */
final class Screen extends Writer {
    private static final String CLEAR = "\u001b[K";

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
