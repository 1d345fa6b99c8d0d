package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.job.SparkJobs;
import java.io.PrintWriter;
import java.io.StringWriter;

/** End of a command with the jobs of Spark: its exit code and what it printed on stderr. */
public record Ended(int code, String err) {
    /** Runs a command to its end. */
    public static Ended of(String... args) {
        StringWriter err = new StringWriter();
        int code = Finetune.execute(
                SparkJobs::open,
                InitCommand.Terminal.ofProcess(),
                new PrintWriter(new StringWriter()),
                new PrintWriter(err, true),
                args);
        return new Ended(code, err.toString());
    }
}
