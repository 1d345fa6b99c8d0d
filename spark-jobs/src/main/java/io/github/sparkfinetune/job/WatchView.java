package io.github.sparkfinetune.job;

import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.spark.folder.RunProgress;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;

/** Shows a watched run: on a terminal a page that is redrawn, elsewhere a line for each change. */
final class WatchView {
    private static final String UP = "\u001b[%dA";
    private static final String CLEAR_LINE = "\u001b[K";
    private static final String CLEAR_BELOW = "\u001b[J";

    private final PrintWriter out;
    private final boolean redraw;
    private final int columns = Progress.width();
    private int drawn;
    private String heading = "";
    private RunProgress.Newest newest;
    private RunProgress.Saved checkpoint;

    /** @param redraw whether {@code out} is a terminal */
    WatchView(PrintWriter out, boolean redraw) {
        this.out = out;
        this.redraw = redraw;
    }

    void show(Watched run, Instant now) {
        if (redraw) {
            // What a run ended with is not cut off.
            draw(WatchPage.lines(run, now), run.state().isEnded() ? Integer.MAX_VALUE : columns);
            return;
        }
        String current = WatchPage.heading(run, now, false);
        if (!current.equals(heading) && !run.state().isEnded()) {
            out.println(current);
        }
        heading = current;
        if (run.state().progress() != null) {
            lines(run.state().progress());
        }
        if (run.state().isEnded()) {
            out.println(current);
        }
        out.flush();
    }

    /** Shows a line that stays. */
    void say(String line) {
        out.println(line);
        out.flush();
        drawn = 0;
    }

    private void draw(List<String> lines, int width) {
        StringBuilder text = new StringBuilder(drawn == 0 ? "" : UP.formatted(drawn));
        for (String line : lines) {
            text.append('\r')
                    .append(line.length() > width ? line.substring(0, width) : line)
                    .append(CLEAR_LINE)
                    .append('\n');
        }
        out.print(text.append(CLEAR_BELOW));
        out.flush();
        drawn = lines.size();
    }

    private void lines(RunProgress progress) {
        RunProgress.Newest before = newest == null ? progress.newest() : newest;
        boolean first = newest == null;
        newest = progress.newest();
        if (newest.slowRank() != null && (first || !newest.slowRank().equals(before.slowRank()))) {
            out.println(Progress.slowLine(newest.slowRank()));
        }
        if (newest.record() != null && (first || !newest.record().equals(before.record()))) {
            out.println(Progress.stepLine(newest.record(), left(newest)));
        }
        TrainingRecord evaluation = newest.evaluation();
        if (evaluation != null && (first || !evaluation.equals(before.evaluation()))) {
            out.println(Progress.evalLine(evaluation));
        }
        if (progress.checkpoint() != null && !Objects.equals(progress.checkpoint(), checkpoint)) {
            checkpoint = progress.checkpoint();
            out.println("saved     checkpoint of step " + checkpoint.step());
        }
    }

    private static OptionalDouble left(RunProgress.Newest newest) {
        return newest.secondsLeft() == null ? OptionalDouble.empty() : OptionalDouble.of(newest.secondsLeft());
    }
}
