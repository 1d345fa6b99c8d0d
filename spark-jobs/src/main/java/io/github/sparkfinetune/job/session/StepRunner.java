package io.github.sparkfinetune.job.session;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.job.Console;
import io.github.sparkfinetune.job.Execution;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.Progress;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import org.apache.spark.SparkContext;

/** Runs the steps of a run, one at a time; other threads see what they show, and cancel them. */
final class StepRunner {
    private final SparkContext spark;
    private final Stage stage;
    private final Jobs jobs;
    private final Screen.Output output;
    private final Console console;
    private volatile Progress progress;
    private volatile RunningStep running;

    private record OnScreen(PrintWriter err) implements Console {
        @Override
        public void say(String line) {
            err.println(line);
        }
    }

    StepRunner(SparkContext spark, Stage stage, Jobs jobs, Screen.Output output) {
        this.spark = spark;
        this.stage = stage;
        this.jobs = jobs;
        this.output = output;
        this.console = new OnScreen(output.writer());
        this.progress = progress();
    }

    private Progress progress() {
        return new Progress(console.err(), output.redraw(), System::nanoTime);
    }

    /** Returns the run with a folder instead of the Hugging Face Hub's name of a model. */
    RunConfig withModel() {
        return jobs.fetchModel(stage.config(), line -> console.say("fetch     " + line));
    }

    /**
     * Runs a step in the calling thread.
     *
     * @param command name of the command that does the same
     * @param writesStatus whether to write the result to the output folder
     */
    void run(String command, boolean writesStatus, SessionStep.Work work) throws IOException {
        RunningStep started = RunningStep.start(
                spark, "finetune " + command + " " + stage.config().output().dir());
        running = started;
        progress = progress();
        try {
            new Execution(command, jobs, console)
                    .run(
                            List.of(stage),
                            writesStatus,
                            () -> work.on(new SessionStep.In(withModel(), jobs, console, () -> progress = progress())));
        } finally {
            running = null;
            started.end();
        }
    }

    boolean cancel() {
        RunningStep now = running;
        if (now != null) {
            now.cancel();
        }
        return now != null;
    }

    /**
     * New output since the last call.
     *
     * @param lines complete lines since the last call
     * @param line the unfinished line
     * @param share completed share of the training's steps, or of the tasks of the active stages
     */
    record Shown(List<String> lines, String line, double share) {}

    Shown shown() {
        RunningStep now = running;
        double share = progress.share() > 0 || now == null ? progress.share() : now.share();
        return new Shown(output.screen().take(), output.screen().open(), share);
    }
}
