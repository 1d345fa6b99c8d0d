package io.github.sparkfinetune.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;

/** A few predictions as HTML: the wrong ones with the highest loss, the least certain and some correct ones. */
final class Examples {
    private static final Map<String, String> GROUPS = new LinkedHashMap<>();

    static {
        GROUPS.put("WRONG", "wrong, with the highest loss");
        GROUPS.put("UNCERTAIN", "least certain");
        GROUPS.put("RIGHT", "right, the first");
    }

    private Examples() {}

    /**
     * Returns the examples as HTML.
     *
     * @param examples {@code examples} of {@code metrics.json}; the result is empty if there are none
     */
    static String of(JsonNode examples) {
        if (examples.isEmpty()) {
            return "";
        }
        StringBuilder html =
                new StringBuilder("<h2>Predictions</h2>\n<div class=\"scroll\"><table class=\"answers shown\">");
        if (!StreamSupport.stream(examples.spliterator(), false).allMatch(Examples::isTagged)) {
            html.append("<thead><tr><th scope=\"col\">text</th><th scope=\"col\" class=\"narrow\">expected</th>")
                    .append("<th scope=\"col\" class=\"narrow\">predicted</th></tr></thead>\n");
        }
        GROUPS.forEach((group, title) -> {
            StringBuilder rows = new StringBuilder();
            examples.forEach(example -> {
                if (example.path("group").asText().equals(group)) {
                    rows.append(isTagged(example) ? tagged(example) : plain(example));
                }
            });
            if (!rows.isEmpty()) {
                html.append("<tbody><tr><th scope=\"rowgroup\" colspan=\"3\">")
                        .append(title)
                        .append("</th></tr>\n")
                        .append(rows)
                        .append("</tbody>\n");
            }
        });
        return html.append("</table></div>\n<p class=\"note\">predictions.parquet holds all.</p>")
                .toString();
    }

    private static boolean isTagged(JsonNode example) {
        return example.path("text").size() > 1
                && example.path("text").size() == example.path("expected").size();
    }

    private static String plain(JsonNode example) {
        JsonNode score = example.path("score");
        return "<tr><td>" + joined(example.path("text"), "\n") + "</td><td>"
                + joined(example.path("expected"), ", ") + "</td><td>"
                + joined(example.path("predicted"), ", ")
                + (score.isNumber() ? String.format(Locale.ROOT, " <small>%.3f</small>", score.asDouble()) : "")
                + "</td></tr>\n";
    }

    /** Joins values for a cell that shows spaces and line ends unchanged. */
    private static String joined(JsonNode values, String between) {
        StringBuilder text = new StringBuilder();
        values.forEach(value -> text.append(text.isEmpty() ? "" : between).append(value.asText()));
        return text.isEmpty()
                ? "<small>none</small>"
                : Html.escape(text.toString().strip());
    }

    /** Returns the words once, above two rows: the tags of the data and the tags of the model. */
    private static String tagged(JsonNode example) {
        return "<tr><td colspan=\"3\"><small>expected</small> " + marked(example, "expected")
                + "\n<small>predicted</small> " + marked(example, "predicted") + "</td></tr>\n";
    }

    private static String marked(JsonNode example, String tags) {
        StringBuilder html = new StringBuilder();
        String open = "";
        for (int i = 0; i < example.path("text").size(); i++) {
            String tag = example.path(tags).path(i).asText("O");
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
            html.append(Html.escape(example.path("text").path(i).asText()));
        }
        return html.append(open.isEmpty() ? "" : closed(open)).toString();
    }

    private static String closed(String type) {
        return " <small>" + Html.escape(type) + "</small></mark>";
    }
}
