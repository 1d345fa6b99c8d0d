package io.github.sparkfinetune.report;

import io.github.sparkfinetune.data.dataset.Manifest;
import java.util.Locale;
import java.util.Map;

/** What became of the raw rows, as HTML: those that were left out, by reason, and the samples of each split. */
final class DataTables {
    private DataTables() {}

    /** The funnel from rows to samples, then the warnings. */
    static String of(Manifest manifest) {
        StringBuilder html = new StringBuilder();
        manifest.warnings()
                .forEach(warning -> html.append("<p class=\"warning\">")
                        .append(Html.escape(warning.message()))
                        .append("</p>\n"));
        html.append("<div class=\"scroll\"><table class=\"figures\"><tbody>\n");
        long bad = sum(manifest.badRows());
        long kept =
                manifest.splits().values().stream().mapToLong(DataTables::rows).sum();
        long dropped = manifest.splits().values().stream()
                .filter(split -> split.documents() != null)
                .mapToLong(split -> sum(split.documents().dropped()))
                .sum();
        Manifest.Corpus corpus = manifest.corpus();
        // The rows of a mix may be there several times.
        long rows = corpus == null ? bad + manifest.duplicates() + dropped + kept : corpus.rows();
        row(html, "rows of the sources", rows, "");
        manifest.badRows().forEach((reason, count) -> row(html, "left out: " + shown(reason), count, ""));
        if (corpus != null) {
            corpus.rejected().forEach((rule, count) -> row(html, "left out by data.corpus." + rule, count, ""));
        }
        if (manifest.duplicates() > 0) {
            row(html, "left out: duplicates", manifest.duplicates(), "");
        }
        if (corpus != null) {
            corpus.mix().forEach(mixed -> row(html, "in the mix of " + mixed.key(), mixed.sampled(), share(mixed)));
        }
        manifest.splits().forEach((name, split) -> {
            if (split.documents() != null) {
                split.documents()
                        .dropped()
                        .forEach((reason, count) -> row(html, name + " left out: " + shown(reason), count, ""));
            }
        });
        manifest.splits().forEach((name, split) -> row(html, name + " samples", split.rows(), samples(split)));
        return html.append("</tbody></table></div>").toString();
    }

    private static String share(Manifest.Mixed mixed) {
        return String.format(
                Locale.ROOT, "of %,d, %.3g times each in the mean", mixed.documents(), mixed.epochs());
    }

    private static long rows(Manifest.Split split) {
        return split.documents() == null ? split.rows() : split.documents().count();
    }

    private static String samples(Manifest.Split split) {
        String tokens = String.format(
                Locale.ROOT, "%,d tokens, %,.0f a sample", split.tokens(), (double) split.tokens() / split.rows());
        return split.truncated() == 0
                ? tokens
                : tokens + String.format(Locale.ROOT, "; %,d texts truncated", split.truncated());
    }

    private static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    private static void row(StringBuilder html, String name, long count, String beside) {
        html.append("<tr><th scope=\"row\">")
                .append(Html.escape(name))
                .append(String.format(Locale.ROOT, "</th><td>%,d</td><td class=\"side\">", count))
                .append(Html.escape(beside))
                .append("</td></tr>\n");
    }

    private static String shown(String reason) {
        return reason.replace('_', ' ');
    }
}
