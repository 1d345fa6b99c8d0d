package io.github.sparkfinetune.report;

import io.github.sparkfinetune.report.html.Figures;
import io.github.sparkfinetune.report.html.Html;
import io.github.sparkfinetune.spark.folder.EvaluationMetrics.Example;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.predict.Scores;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** A few predictions as HTML: the wrong ones with the highest loss, the least certain and some correct ones. */
final class Examples {
    private static final List<Scores.Group> GROUPS =
            List.of(Scores.Group.WRONG, Scores.Group.UNCERTAIN, Scores.Group.RIGHT);

    private static final Map<Scores.Group, String> TITLES = new EnumMap<>(Map.of(
            Scores.Group.WRONG, "wrong, with the highest loss",
            Scores.Group.UNCERTAIN, "least certain",
            Scores.Group.RIGHT, "right, the first"));

    private final boolean pairs;

    private Examples(boolean pairs) {
        this.pairs = pairs;
    }

    /**
     * Returns the examples as HTML; the result is empty if there are none.
     *
     * @param pairs whether a second text of an example is another text of the sample, not a word with a tag
     */
    static String of(List<Example> examples, boolean pairs) {
        return examples.isEmpty() ? "" : new Examples(pairs).table(examples);
    }

    private String table(List<Example> examples) {
        StringBuilder html =
                new StringBuilder("<h2>Predictions</h2>\n<div class=\"scroll\"><table class=\"answers shown\">");
        if (!examples.stream().allMatch(this::isTagged)) {
            html.append("<thead><tr><th scope=\"col\">text</th><th scope=\"col\" class=\"narrow\">expected</th>")
                    .append("<th scope=\"col\" class=\"narrow\">predicted</th></tr></thead>\n");
        }
        for (Scores.Group group : GROUPS) {
            List<Example> rows = examples.stream()
                    .filter(example -> example.group() == group)
                    .toList();
            if (!rows.isEmpty()) {
                html.append("<tbody><tr><th scope=\"rowgroup\" colspan=\"3\">")
                        .append(TITLES.get(group))
                        .append("</th></tr>\n");
                rows.forEach(example -> html.append(isTagged(example) ? tagged(example) : plain(example)));
                html.append("</tbody>\n");
            }
        }
        return html.append("</table></div>\n<p class=\"note\">predictions.parquet holds all.</p>")
                .toString();
    }

    private boolean isTagged(Example example) {
        return !pairs
                && example.text().size() > 1
                && example.text().size() == example.expected().size();
    }

    private static String plain(Example example) {
        String score = MetricsFile.isKnown(example.score()) ? Figures.of(" <small>%.3f</small>", example.score()) : "";
        return "<tr><td>" + joined(example.text(), "\n") + "</td><td>"
                + joined(example.expected(), ", ") + "</td><td>"
                + joined(example.predicted(), ", ") + score + "</td></tr>\n";
    }

    /** Joins values for a cell that shows spaces and line ends unchanged. */
    private static String joined(List<String> values, String between) {
        String text = String.join(between, values);
        return text.isEmpty() ? "<small>none</small>" : Html.escape(text);
    }

    /** Returns the words twice: with the tags of the data, then with the tags of the model. */
    private static String tagged(Example example) {
        return "<tr><td colspan=\"3\"><small>expected</small> " + marked(example.text(), example.expected())
                + "\n<small>predicted</small> " + marked(example.text(), example.predicted()) + "</td></tr>\n";
    }

    private static String marked(List<String> words, List<String> tags) {
        StringBuilder html = new StringBuilder();
        String open = "";
        for (int i = 0; i < words.size(); i++) {
            String tag = i < tags.size() ? tags.get(i) : "O";
            String type = tag.replaceFirst("^[A-Z]-", "");
            boolean begins = tag.startsWith("B-") || !type.equals(open);
            if (!open.isEmpty() && begins) {
                html.append(closed(open));
            }
            html.append(i == 0 ? "" : " ");
            open = tag.equals("O") ? "" : type;
            if (!open.isEmpty() && begins) {
                html.append("<mark>");
            }
            html.append(Html.escape(words.get(i)));
        }
        return html.append(open.isEmpty() ? "" : closed(open)).toString();
    }

    private static String closed(String type) {
        return " <small>" + Html.escape(type) + "</small></mark>";
    }
}
