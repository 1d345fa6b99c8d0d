package io.github.sparkfinetune.data.dataset;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Fate of the raw rows of a dataset: rows that were left out, by reason, and the samples of each split. */
public final class DataFunnel {
    private DataFunnel() {}

    /**
     * A line of the report.
     *
     * @param name thing that is counted
     * @param note further facts about it, in words; may be empty
     */
    public record Line(String name, long count, String note) {
        Line(String name, long count) {
            this(name, count, "");
        }
    }

    /** Returns the lines from the rows of the sources to the samples. */
    public static List<Line> of(Manifest manifest) {
        List<Line> lines = new ArrayList<>();
        Manifest.Corpus corpus = manifest.corpus();
        List<Generation> generations = manifest.generations();
        if (!generations.isEmpty()) {
            lines.add(new Line("generations", generations.size(), last(generations)));
        }
        boolean isReduced = generations.stream().anyMatch(generation -> generation.erased() > 0);
        if (corpus != null || !isReduced) {
            lines.add(new Line("rows of the sources", corpus == null ? counted(manifest) : corpus.rows()));
        }
        manifest.badRows().forEach((reason, count) -> lines.add(new Line("left out: " + shown(reason), count)));
        if (corpus != null) {
            corpus.rejected().forEach((rule, count) -> lines.add(new Line("left out by data.corpus." + rule, count)));
        }
        if (manifest.duplicates() > 0) {
            lines.add(new Line("left out: duplicates", manifest.duplicates()));
        }
        manifest.redacted().forEach((entity, count) -> lines.add(new Line("redacted: " + entity, count)));
        if (corpus != null) {
            corpus.masked().forEach((kind, count) -> lines.add(new Line("masked in the others: " + kind, count)));
            corpus.mix()
                    .forEach(mixed ->
                            lines.add(new Line("in the mix of " + mixed.key(), mixed.sampled(), share(mixed))));
        }
        manifest.splits().forEach((name, split) -> {
            if (split.documents() != null) {
                split.documents()
                        .dropped()
                        .forEach((reason, count) -> lines.add(new Line(name + " left out: " + shown(reason), count)));
            }
        });
        manifest.splits()
                .forEach((name, split) -> lines.add(new Line(name + " samples", split.rows(), samples(split))));
        manifest.splits().forEach((name, split) -> {
            if (split.side() != null) {
                lines.add(new Line(name + " rows", split.side().rows(), side(name, split.side())));
            }
        });
        return lines;
    }

    private static String last(List<Generation> generations) {
        Generation last = generations.get(generations.size() - 1);
        return String.format(
                Locale.ROOT,
                "the last read %,d files and added %,d samples%s",
                last.added().count(),
                sum(last.samples()),
                last.erased() == 0 ? "" : String.format(Locale.ROOT, "; it erased %,d documents", last.erased()));
    }

    /** Returns one line with the splits, and the rows that were left out. */
    public static String summary(Manifest manifest) {
        List<String> parts = new ArrayList<>();
        parts.add(manifest.splits().entrySet().stream()
                .map(split -> split(split.getKey(), split.getValue()))
                .collect(Collectors.joining(", ")));
        if (!manifest.labels().isEmpty()) {
            parts.add(manifest.labels().size() + " labels");
        }
        if (!manifest.badRows().isEmpty()) {
            parts.add("left out " + reasons(manifest.badRows()));
        }
        if (manifest.corpus() != null && !manifest.corpus().rejected().isEmpty()) {
            parts.add("left out by data.corpus " + reasons(manifest.corpus().rejected()));
        }
        return String.join("; ", parts);
    }

    private static String split(String name, DatasetSplit split) {
        String samples = String.format(Locale.ROOT, "%,d %s rows (%,d tokens", split.rows(), name, split.tokens());
        DatasetSplit.Documents documents = split.documents();
        if (documents == null) {
            return samples + ")";
        }
        return samples
                + String.format(
                        Locale.ROOT,
                        ", %,d of them trained on, of %,d documents%s)",
                        documents.labelTokens(),
                        documents.count(),
                        documents.dropped().isEmpty() ? "" : "; left out " + reasons(documents.dropped()));
    }

    /**
     * Returns the reasons why rows are left out, as a sentence: {@code empty_text: 3, malformed: 1}.
     *
     * @param counts rows by reason
     */
    public static String reasons(Map<String, Long> counts) {
        return new TreeMap<>(counts)
                .entrySet().stream()
                        .map(reason -> String.format(Locale.ROOT, "%s: %,d", reason.getKey(), reason.getValue()))
                        .collect(Collectors.joining(", "));
    }

    /** Counts the rows of a dataset without a corpus, where every row is in one place. */
    private static long counted(Manifest manifest) {
        long rows = sum(manifest.badRows()) + manifest.duplicates();
        for (DatasetSplit split : manifest.splits().values()) {
            DatasetSplit.Documents documents = split.documents();
            rows += documents == null ? split.rows() : documents.count() + sum(documents.dropped());
        }
        return rows;
    }

    private static String share(Manifest.Mixed mixed) {
        return String.format(Locale.ROOT, "of %,d, %.3g times each in the mean", mixed.documents(), mixed.epochs());
    }

    private static String samples(DatasetSplit split) {
        String tokens = String.format(
                Locale.ROOT, "%,d tokens, %,.0f a sample", split.tokens(), (double) split.tokens() / split.rows());
        return split.truncated() == 0
                ? tokens
                : tokens + String.format(Locale.ROOT, "; %,d texts truncated", split.truncated());
    }

    private static String side(String name, DatasetSplit.Side side) {
        List<String> notes = new ArrayList<>();
        if (side.from() != null) {
            notes.add("from " + side.from() + " to " + side.to());
        }
        if (side.by() != null) {
            notes.add(String.format(
                    Locale.ROOT,
                    "of %,d different %s%s",
                    side.groups(),
                    groups(side.by()),
                    name.equals(Manifest.TRAIN)
                            ? ""
                            : side.shared() == 0
                                    ? ", none of them trained on"
                                    : String.format(
                                            Locale.ROOT, ", %,d rows of such that are trained on", side.shared())));
        }
        return String.join("; ", notes);
    }

    /** Returns the words for groups: {@code prompts}, {@code values of user}. */
    private static String groups(String by) {
        return by.startsWith("[") ? "values of " + common(by) : by + "s";
    }

    /**
     * Returns the words for the values that rows of a group share: {@code prompt}, {@code user, thread}.
     *
     * @param by as {@link DatasetSplit.Side#by}
     */
    public static String common(String by) {
        return by.startsWith("[") ? by.substring(1, by.length() - 1) : by;
    }

    private static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    private static String shown(String reason) {
        return reason.replace('_', ' ');
    }
}
