package io.github.sparkfinetune.job;

import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.speed.Pace;
import io.github.sparkfinetune.core.train.speed.SlowRank;
import io.github.sparkfinetune.spark.folder.RunProgress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Text of a watched run. */
final class WatchPage {
    private WatchPage() {}

    /** Returns the lines of a page. */
    static List<String> lines(Watched run, Instant now) {
        List<String> lines = new ArrayList<>();
        lines.add(heading(run, now, true));
        RunProgress progress = run.state().progress();
        if (progress == null) {
            return lines;
        }
        RunProgress.Newest newest = progress.newest();
        TrainingRecord record = newest.record();
        if (record != null) {
            String left = newest.secondsLeft() == null ? "" : "  " + Pace.clock(newest.secondsLeft()) + " left";
            boolean trains = progress.isRunning() && progress.work() == RunProgress.Work.TRAIN;
            line(
                    lines,
                    "steps",
                    "%s %d/%d  epoch %.2f%s",
                    Progress.bar(progress.share()),
                    record.step(),
                    record.totalSteps(),
                    record.epoch(),
                    trains ? left : "");
            line(
                    lines,
                    "training",
                    "loss %.4f  lr %.2e  grad norm %.3f",
                    record.loss(),
                    record.learningRate(),
                    record.gradNorm());
            line(
                    lines,
                    "speed",
                    "%,.0f tokens/s  %,.1f samples/s",
                    record.tokensPerSecond(),
                    record.samplesPerSecond());
        }
        if (newest.evaluation() != null) {
            line(lines, "eval", "step %d  %s", newest.evaluation().step(), metrics(newest.evaluation()));
        }
        line(lines, "ranks", "%s", ranks(run.ranks(), newest.slowRank()));
        RunProgress.Saved saved = progress.checkpoint();
        line(
                lines,
                "saved",
                "%s",
                saved == null
                        ? "no checkpoint yet"
                        : "checkpoint of step " + saved.step() + ", " + ago(Instant.parse(saved.time()), now));
        if (newest.recorded() != null && progress.isRunning()) {
            line(lines, "news", "%s", ago(Instant.parse(newest.recorded()), now));
        }
        return lines;
    }

    /**
     * Returns the line that says what the run does or how it ended.
     *
     * @param withTimes whether the line has times that change by themselves
     */
    static String heading(Watched run, Instant now, boolean withTimes) {
        RunState state = run.state();
        String where = run.folder() + (run.stage().isEmpty() ? "" : " (stage " + run.stage() + ")");
        return switch (state.kind()) {
            case ABSENT -> "waiting   " + where + " has no run in progress yet";
            case RUNNING -> "running   " + where + ": " + work(state.progress());
            case SILENT ->
                "silent    " + where + ": no news since "
                        + state.progress().times().updated()
                        + (withTimes ? " (" + ago(state.progress().updated(), now) + ")" : "")
                        + ": the driver may have ended";
            case DONE ->
                "done      " + where + ": " + state.end().command() + " ended "
                        + ago(state.end().time(), now);
            case FAILED ->
                "failed    " + where + ": " + state.end().command() + " ended "
                        + ago(state.end().time(), now) + " with exit code "
                        + state.end().exitCode() + ": "
                        + state.end().message();
        };
    }

    private static String work(RunProgress progress) {
        return switch (progress.work()) {
            case PREPARE -> "prepares the data";
            case TRAIN -> progress.newest().record() == null ? "starts to train" : "trains";
            case EVALUATE -> "evaluates the model";
        };
    }

    private static String ranks(int ranks, SlowRank slow) {
        String count = Integer.toString(ranks);
        return slow == null
                ? count
                : String.format(
                        Locale.ROOT,
                        "%s; %s is slow: %.2f s a step, the others %.2f s",
                        count,
                        slow.name(),
                        slow.seconds(),
                        slow.others());
    }

    private static String metrics(TrainingRecord evaluation) {
        return evaluation.eval().entrySet().stream()
                .map(metric -> metric.getKey() + " " + Metric.shown(metric.getKey(), metric.getValue()))
                .collect(Collectors.joining("  "));
    }

    private static void line(List<String> lines, String name, String format, Object... values) {
        lines.add(String.format(Locale.ROOT, "  %-10s", name) + String.format(Locale.ROOT, format, values));
    }

    /** Returns the time since an instant; the clocks of two machines may differ a little. */
    static String ago(Instant then, Instant now) {
        long seconds = Math.max(0, Duration.between(then, now).toSeconds());
        if (seconds < 120) {
            return seconds + " s ago";
        }
        if (seconds < 7200) {
            return seconds / 60 + " min ago";
        }
        return seconds < 172_800 ? seconds / 3600 + " h ago" : seconds / 86_400 + " days ago";
    }
}
