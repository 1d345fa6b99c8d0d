package io.github.sparkfinetune.report.html;

import io.github.sparkfinetune.core.calibration.Reliability;
import java.util.List;
import java.util.Locale;

/** Accuracy of predictions by their confidence, before and after calibration, as an SVG image. */
public final class ReliabilityPlot {
    private static final int SIZE = 260;
    private static final int LEFT = 44;
    private static final int TOP = 12;
    private static final int WIDTH = LEFT + SIZE + 16;
    private static final int HEIGHT = TOP + SIZE + 40;

    private ReliabilityPlot() {}

    /**
     * Returns the image; empty for a model that is not calibrated.
     *
     * @param both reliability before and after
     */
    public static String of(List<Reliability> both) {
        if (both.size() != 2) {
            return "";
        }
        StringBuilder html = new StringBuilder("<h3>Reliability</h3>\n<div class=\"scroll\">")
                .append(String.format(
                        Locale.ROOT,
                        "<svg class=\"reliability\" viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\""
                                + " aria-label=\"accuracy by confidence\">\n",
                        WIDTH,
                        HEIGHT,
                        WIDTH));
        for (int tenth = 0; tenth <= 10; tenth += 2) {
            grid(html, tenth / 10.0);
        }
        html.append(line("ideal", 0, 0, 1, 1));
        curve(html, "before", both.get(0));
        curve(html, "after", both.get(1));
        text(html, LEFT + SIZE / 2.0, HEIGHT - 4, "middle", "confidence");
        html.append(String.format(
                        Locale.ROOT,
                        "<text transform=\"rotate(-90)\" x=\"%d\" y=\"11\" text-anchor=\"middle\">accuracy</text>\n",
                        -(TOP + SIZE / 2)))
                .append("</svg></div>\n<p class=\"note\">Test rows in bins of confidence, as predicted (dashed) and")
                .append(" calibrated (solid); the larger a dot, the more rows. On the diagonal, of the rows that get")
                .append(" 90 %, 90 % are right.</p>");
        return html.toString();
    }

    private static void grid(StringBuilder html, double at) {
        html.append(line("grid", at, 0, at, 1)).append(line("grid", 0, at, 1, at));
        text(html, x(at), TOP + SIZE + 16, "middle", String.format(Locale.ROOT, "%.1f", at));
        text(html, LEFT - 6, y(at) + 4, "end", String.format(Locale.ROOT, "%.1f", at));
    }

    private static void curve(StringBuilder html, String name, Reliability reliability) {
        long all = reliability.bins().stream().mapToLong(Reliability.Bin::count).sum();
        StringBuilder points = new StringBuilder();
        StringBuilder dots = new StringBuilder();
        for (Reliability.Bin bin : reliability.bins()) {
            points.append(String.format(Locale.ROOT, "%.1f,%.1f ", x(bin.confidence()), y(bin.accuracy())));
            dots.append(String.format(
                    Locale.ROOT,
                    "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"><title>%,d rows: confidence %.3f,"
                            + " accuracy %.3f</title></circle>\n",
                    name,
                    x(bin.confidence()),
                    y(bin.accuracy()),
                    2 + 8 * Math.sqrt(bin.count() / (double) all),
                    bin.count(),
                    bin.confidence(),
                    bin.accuracy()));
        }
        html.append("<polyline class=\"")
                .append(name)
                .append("\" points=\"")
                .append(points.toString().strip())
                .append("\"/>\n")
                .append(dots);
    }

    private static String line(String name, double fromX, double fromY, double toX, double toY) {
        return String.format(
                Locale.ROOT,
                "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
                name,
                x(fromX),
                y(fromY),
                x(toX),
                y(toY));
    }

    private static void text(StringBuilder html, double x, double y, String anchor, String text) {
        html.append(String.format(
                Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, text));
    }

    private static double x(double confidence) {
        return LEFT + SIZE * confidence;
    }

    private static double y(double accuracy) {
        return TOP + SIZE * (1 - accuracy);
    }
}
