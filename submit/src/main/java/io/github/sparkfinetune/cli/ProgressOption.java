package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.job.Progress;
import java.io.PrintWriter;
import picocli.CommandLine.Option;

/** The option of the commands that train. */
final class ProgressOption {
    /** How progress is shown; the names are the option's values. */
    enum Style {
        bar,
        lines
    }

    @Option(
            names = "--progress",
            paramLabel = "bar|lines",
            defaultValue = "lines",
            description = "Show one line, redrawn, or a line every few seconds.")
    private Style style;

    /** Progress on {@code err} from now on. */
    Progress start(PrintWriter err) {
        return new Progress(err, style == Style.bar, System::nanoTime);
    }
}
