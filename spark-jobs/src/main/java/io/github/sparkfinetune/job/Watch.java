package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.folder.RunFolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/** Follows a run, or the stages of a pipeline, by the files of its folder. Needs neither Spark nor the driver. */
public final class Watch {
    /** Interval in which the folder is read. */
    public static final Duration EVERY = Duration.ofSeconds(2);

    private final List<Stage> stages;
    private final Configuration hadoop;
    private final WatchView view;
    private final Duration every;

    /** @param redraw whether {@code out} is a terminal */
    public Watch(List<Stage> stages, Configuration hadoop, PrintWriter out, boolean redraw, Duration every) {
        this.stages = stages;
        this.hadoop = hadoop;
        this.view = new WatchView(out, redraw);
        this.every = every;
    }

    /**
     * Shows the state of the run.
     *
     * @return exit code of the run; 0 while the run is in progress
     * @throws RunException if there is no run yet
     */
    public int once() throws IOException {
        Watched run = read();
        if (run.state().kind() == RunState.Kind.ABSENT) {
            throw RunException.failed(
                    run.folder()
                            + " has no run in progress yet: start it with finetune train or run, or let watch wait",
                    null);
        }
        view.show(run, Instant.now());
        return run.state().isEnded() ? run.state().end().exitCode() : ExitCode.DONE.code();
    }

    /**
     * Shows the run until it ends.
     *
     * @param patience longest time without a driver that works on the run, or with a file system that does not answer
     * @return exit code of the run
     * @throws RunException if this time is over
     */
    public int follow(Duration patience) throws IOException {
        long lastNews = System.nanoTime();
        while (true) {
            String problem = null;
            try {
                Watched run = read();
                view.show(run, Instant.now());
                if (run.state().isEnded()) {
                    return run.state().end().exitCode();
                }
                if (run.state().kind() == RunState.Kind.RUNNING) {
                    lastNews = System.nanoTime();
                } else {
                    problem = run.state().kind() == RunState.Kind.ABSENT
                            ? run.folder() + " has no run in progress"
                            : "no news in " + run.folder() + " since "
                                    + run.state().progress().times().updated();
                }
            } catch (IOException | UncheckedIOException e) {
                if (!HadoopFiles.isUnavailable(e)) {
                    throw e;
                }
                problem = folder(stages.get(0)).shown("") + " cannot be read now (" + e.getMessage() + ")";
                view.say("waiting   " + RunException.oneLine(problem));
            }
            long left = patience.toNanos() - (System.nanoTime() - lastNews);
            if (problem != null && left <= 0) {
                throw RunException.failed(
                        problem + (patience.isZero() ? "" : ", after " + patience.toMinutes() + " min")
                                + ": start it with finetune train or run, or wait longer with --wait",
                        null);
            }
            pause(problem == null ? every : Duration.ofNanos(Math.min(every.toNanos(), left)));
        }
    }

    private static void pause(Duration time) {
        try {
            Thread.sleep(Math.max(1, time.toMillis()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw RunException.failed("the watching was interrupted", e);
        }
    }

    private RunFolder folder(Stage stage) throws IOException {
        return RunFolder.of(stage.config(), hadoop);
    }

    /** Returns the stage that is in progress, or that is next, or that has failed. */
    private Watched read() throws IOException {
        Instant now = Instant.now();
        List<Watched> all = new ArrayList<>();
        for (Stage stage : stages) {
            RunFolder folder = folder(stage);
            all.add(new Watched(
                    stage.config().output().dir(),
                    stage.name(),
                    stage.config().cluster().ranks(),
                    RunState.read(folder, now)));
        }
        Watched current = all.stream()
                .filter(run -> run.state().kind() == RunState.Kind.RUNNING)
                .findFirst()
                .or(() -> all.stream()
                        .filter(run -> run.state().kind() != RunState.Kind.DONE)
                        .findFirst())
                .orElse(all.get(all.size() - 1));
        return all.size() == 1 || current.state().kind() == RunState.Kind.RUNNING ? current : endOfPipeline(current);
    }

    /** Returns a stage that does not run with the end of the command on all stages, if this is the newest news. */
    private Watched endOfPipeline(Watched current) throws IOException {
        RunFolder above = RunFolder.above(stages.get(0).config(), hadoop);
        Optional<RunStatus> last = RunStatus.read(above).filter(status -> status.exitCode() != 0);
        Optional<Instant> news = Optional.ofNullable(current.state().progress()).map(progress -> progress.updated());
        if (last.isEmpty()
                || current.state().isEnded()
                || news.filter(time -> time.isAfter(last.get().ended())).isPresent()) {
            return current;
        }
        RunState state = RunState.of(Optional.empty(), last, Instant.now());
        return new Watched(
                current.folder(),
                current.stage(),
                current.ranks(),
                new RunState(state.kind(), current.state().progress(), state.end()));
    }
}
