package io.github.sparkfinetune.report;

import io.github.sparkfinetune.report.html.Html;
import io.github.sparkfinetune.spark.predict.Scores;
import java.util.List;

/** Answers of a language model beside the expected ones, as HTML. */
final class Answers {
    private Answers() {}

    static String of(List<Scores.Answer> answers) {
        if (answers.isEmpty()) {
            return "<p class=\"note\">No answers were generated: <code>generation.eval_samples</code> says for how many"
                    + " held-out prompts they are.</p>";
        }
        StringBuilder html = new StringBuilder("<h2>Answers</h2>\n<div class=\"scroll\"><table class=\"answers\">")
                .append("<thead><tr><th scope=\"col\">prompt</th><th scope=\"col\">reference</th>")
                .append("<th scope=\"col\">trained model</th><th scope=\"col\">base model</th></tr></thead><tbody>\n");
        for (Scores.Answer answer : answers) {
            html.append("<tr>");
            cell(html, answer.prompt());
            cell(html, answer.reference());
            cell(html, answer.generated());
            cell(html, answer.base());
            html.append("</tr>\n");
        }
        return html.append("</tbody></table></div>\n<p class=\"note\">The first ")
                .append(answers.size())
                .append(" held-out prompts; predictions.parquet and base-predictions.parquet hold all.</p>")
                .toString();
    }

    private static void cell(StringBuilder html, String text) {
        html.append("<td>").append(Html.escape(text)).append("</td>");
    }
}
