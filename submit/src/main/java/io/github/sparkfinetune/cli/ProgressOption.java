package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.job.Progress;
import java.io.PrintWriter;
import picocli.CommandLine.Option;

/** Option of the commands that train. */
final class ProgressOption {
    /** Style of the progress display; the names are the option's values. */
    enum Style {
        bar,
        lines
    }

    @Option(
            names = "--progress",
            paramLabel = "bar|lines",
            defaultValue = "lines",
            description = "Redraw one line, or write a line every few seconds.")
    private Style style;

    /** Starts a progress display on {@code err}. */
    Progress start(PrintWriter err) {
        return new Progress(err, style == Style.bar, System::nanoTime);
    }
}
