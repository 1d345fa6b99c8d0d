package io.github.sparkfinetune.job;

import java.io.PrintWriter;
import java.io.StringWriter;

/** Keeps what steps print. */
final class RecordedConsole implements Console {
    private final StringWriter lines = new StringWriter();

    @Override
    public synchronized void say(String line) {
        lines.append(line).append('\n');
    }

    @Override
    public PrintWriter err() {
        return new PrintWriter(lines);
    }

    Progress progress() {
        return new Progress(err(), false, System::nanoTime);
    }

    void clear() {
        lines.getBuffer().setLength(0);
    }

    String text() {
        return lines.toString();
    }
}
