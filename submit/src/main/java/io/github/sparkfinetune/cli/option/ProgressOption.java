package io.github.sparkfinetune.cli.option;

import io.github.sparkfinetune.job.Progress;
import java.io.PrintWriter;
import picocli.CommandLine.Option;

/** Option of the commands that show a training. */
public final class ProgressOption {
    /** Style of the progress display; the names are the option's values. */
    public enum Style {
        bar,
        lines
    }

    @Option(
            names = "--progress",
            paramLabel = "bar|lines",
            defaultValue = "lines",
            description = "Redraw what is shown, or write a line every few seconds.")
    private Style style;

    /** Returns whether the output is a terminal. */
    public boolean redraws() {
        return style == Style.bar;
    }

    /** Starts a progress display on {@code err}. */
    public Progress start(PrintWriter err) {
        return new Progress(err, redraws(), System::nanoTime);
    }
}
