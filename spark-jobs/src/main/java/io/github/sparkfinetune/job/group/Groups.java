package io.github.sparkfinetune.job.group;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.job.Console;
import io.github.sparkfinetune.job.Failure;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.Pipeline;
import io.github.sparkfinetune.job.Progress;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.predict.Scores;
import io.github.sparkfinetune.spark.run.AtOnce;
import io.github.sparkfinetune.spark.train.Extent;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;

/** Work on many runs, several at a time. */
final class Groups {
    private final Jobs jobs;
    private final Console console;
    private final int together;

    /** Work on the run of a group. */
    interface Work {
        void of(Groups groups, String value, RunConfig run) throws IOException;
    }

    /** Console of a group: its results are in its folder. */
    private static final Console SILENT = new Console() {
        private final PrintWriter nowhere = new PrintWriter(Writer.nullWriter());

        @Override
        public void say(String line) {}

        @Override
        public PrintWriter err() {
            return nowhere;
        }
    };

    /** @param together runs at a time */
    Groups(Jobs jobs, Console console, int together) {
        this.jobs = jobs;
        this.console = console;
        this.together = together;
    }

    /** Does the work for each group; returns why groups failed, by value. */
    Map<String, String> each(Map<String, RunConfig> runs, Work work) throws IOException {
        Map<String, String> failures = new ConcurrentSkipListMap<>();
        AtOnce.each(
                List.copyOf(runs.keySet()),
                together,
                value -> work.of(this, value, runs.get(value)),
                (value, failure) -> {
                    String message = Failure.of(failure).message();
                    failures.put(value, message);
                    say(value + "  failed: " + message);
                });
        return failures;
    }

    /** Runs all steps of a group's run that are not done. */
    void train(String value, RunConfig run) throws IOException {
        new Pipeline(run, jobs, SILENT, new Extent(Long.MAX_VALUE, together))
                .fit(new Progress(SILENT.err(), false, System::nanoTime));
        Map<String, Double> test =
                MetricsFile.heldOut(RunFolder.of(run, jobs.hadoop())).getOrDefault(Scores.OWN, Map.of());
        say(value + "  "
                + (test.isEmpty() ? "trained" : "")
                + test.entrySet().stream()
                        .map(metric -> metric.getKey() + " " + Metric.shown(metric.getKey(), metric.getValue()))
                        .collect(Collectors.joining("  ")));
    }

    /** Predicts the rows of a group. */
    void predict(String value, RunConfig run, String input, String output) throws IOException {
        new Pipeline(run, jobs, SILENT, new Extent(Long.MAX_VALUE, together)).predict(input, output);
        say(value + "  predicted " + output);
    }

    private synchronized void say(String line) {
        console.say("group     " + line);
    }
}
