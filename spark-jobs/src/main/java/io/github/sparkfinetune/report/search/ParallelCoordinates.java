package io.github.sparkfinetune.report.search;

import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.report.html.Html;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Trials of a search as lines through parallel axes, one axis for each searched key and one for the metric, as an SVG
 * image. An axis of positive numbers that span more than a factor of ten is logarithmic.
 */
final class ParallelCoordinates {
    private static final int TOP = 34;
    private static final int HEIGHT = 240;
    private static final int SIDE = 80;
    private static final int GAP = 170;
    private static final double LOGARITHMIC = 10;
    private static final int TICKS = 5;
    /** Whole numbers above are shown with three digits. */
    private static final double WHOLE = 1e6;

    private final List<Axis> axes = new ArrayList<>();
    private final List<Trial> trials;
    private final Search search;

    /** @param at place of each trial on the axis, from 0 at the bottom to 1; NaN without a place */
    private record Axis(String name, List<Double> at, List<Tick> ticks) {}

    private record Tick(double at, String text) {}

    private ParallelCoordinates(Search search) {
        this.search = search;
        this.trials = search.trials().stream()
                .filter(trial ->
                        Double.isFinite(trial.metric(search.definition().metric())))
                .toList();
    }

    /** Returns the image; empty without two measured trials. */
    static String of(Search search) {
        ParallelCoordinates plot = new ParallelCoordinates(search);
        return plot.trials.size() < 2 ? "" : plot.html();
    }

    private String html() {
        for (String key : trials.get(0).settings().keySet()) {
            axes.add(axis(key, trial -> trial.settings().get(key)));
        }
        String metric = search.definition().metric();
        axes.add(axis(metric, trial -> Double.toString(trial.metric(metric))));
        int width = 2 * SIDE + GAP * (axes.size() - 1);
        StringBuilder html = new StringBuilder("<div class=\"scroll\">")
                .append(String.format(
                        Locale.ROOT,
                        "<svg class=\"coordinates\" viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\""
                                + " aria-label=\"trials by their settings and %s\">\n",
                        width,
                        TOP + HEIGHT + 16,
                        width,
                        Html.escape(metric)));
        List<Integer> worstFirst = IntStream.range(0, trials.size())
                .boxed()
                .sorted((a, b) -> search.bestFirst().compare(trials.get(b), trials.get(a)))
                .toList();
        for (int place = 0; place < worstFirst.size(); place++) {
            line(html, worstFirst.get(place), place == worstFirst.size() - 1);
        }
        // Texts lie above the lines.
        for (int i = 0; i < axes.size(); i++) {
            axis(html, i);
        }
        return html.append("</svg></div>\n<p class=\"note\">A line for each trial, through its settings to its ")
                .append(Html.escape(metric))
                .append("; dashed if it was stopped early. The best trial is the thick line.</p>\n")
                .toString();
    }

    private Axis axis(String name, Function<Trial, String> value) {
        List<String> values = trials.stream().map(value).toList();
        double[] numbers =
                values.stream().mapToDouble(ParallelCoordinates::number).toArray();
        for (double number : numbers) {
            if (Double.isNaN(number)) {
                return named(name, values);
            }
        }
        double low = IntStream.range(0, numbers.length)
                .mapToDouble(i -> numbers[i])
                .min()
                .orElseThrow();
        double high = IntStream.range(0, numbers.length)
                .mapToDouble(i -> numbers[i])
                .max()
                .orElseThrow();
        if (low == high) {
            return named(name, values);
        }
        boolean isLog = low > 0 && high / low > LOGARITHMIC;
        DoubleUnaryOperator place =
                number -> isLog ? Math.log(number / low) / Math.log(high / low) : (number - low) / (high - low);
        List<Double> at = DoubleStream.of(numbers).map(place).boxed().toList();
        double[] shown = DoubleStream.of(numbers).distinct().toArray();
        if (shown.length > TICKS) {
            shown = IntStream.range(0, TICKS)
                    .mapToDouble(i -> i / (TICKS - 1.0))
                    .map(share -> isLog ? low * Math.pow(high / low, share) : low + share * (high - low))
                    .toArray();
        }
        return new Axis(
                name,
                at,
                DoubleStream.of(shown)
                        .mapToObj(number -> new Tick(place.applyAsDouble(number), text(number)))
                        .toList());
    }

    private static String text(double number) {
        return number == Math.rint(number) && Math.abs(number) < WHOLE
                ? Long.toString((long) number)
                : String.format(Locale.ROOT, "%.3g", number);
    }

    /** Returns an axis of values without an order, evenly in the order of the trials. */
    private static Axis named(String name, List<String> values) {
        List<String> different = values.stream().distinct().toList();
        ToDoubleFunction<String> place =
                value -> different.size() == 1 ? 0.5 : different.indexOf(value) / (different.size() - 1.0);
        return new Axis(
                name,
                values.stream().map(place::applyAsDouble).toList(),
                different.stream()
                        .map(value -> new Tick(place.applyAsDouble(value), value))
                        .toList());
    }

    private static double number(String value) {
        try {
            return Double.parseDouble(value.replace("_", ""));
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }

    private void axis(StringBuilder html, int i) {
        Axis axis = axes.get(i);
        html.append(String.format(
                Locale.ROOT,
                "<line class=\"axis\" x1=\"%1$d\" y1=\"%2$d\" x2=\"%1$d\" y2=\"%3$d\"/>\n",
                x(i),
                TOP,
                TOP + HEIGHT));
        html.append(String.format(
                Locale.ROOT,
                "<text class=\"name\" x=\"%d\" y=\"14\" text-anchor=\"middle\">%s</text>\n",
                x(i),
                Html.escape(axis.name().replaceFirst(".*\\.", ""))));
        for (Tick tick : axis.ticks()) {
            html.append(String.format(
                    Locale.ROOT,
                    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                    x(i) - 6,
                    y(tick.at()) + 4,
                    Html.escape(tick.text())));
        }
    }

    private void line(StringBuilder html, int trial, boolean isBest) {
        StringBuilder points = new StringBuilder();
        for (int i = 0; i < axes.size(); i++) {
            points.append(String.format(
                    Locale.ROOT, "%d,%.1f ", x(i), y(axes.get(i).at().get(trial))));
        }
        Trial shown = trials.get(trial);
        String kind = isBest ? "best" : shown.state() == Trial.State.STOPPED ? "stopped" : "other";
        html.append(String.format(
                Locale.ROOT,
                "<polyline class=\"%s\" points=\"%s\"><title>%s: %s</title></polyline>\n",
                kind,
                points.toString().strip(),
                Html.escape(shown.name() + " " + shown.settings()),
                Metric.shown(
                        search.definition().metric(),
                        shown.metric(search.definition().metric()))));
    }

    private static int x(int axis) {
        return SIDE + GAP * axis;
    }

    private static double y(double share) {
        return TOP + HEIGHT * (1 - share);
    }
}
