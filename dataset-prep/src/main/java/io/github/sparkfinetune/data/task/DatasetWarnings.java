package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.SampleChecks;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.dataset.Warning;
import io.github.sparkfinetune.data.tag.Iob2;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Finds problems in a prepared dataset that harm the trained model. */
public final class DatasetWarnings {
    /** Shares of rows, tokens and documents at which a warning starts. */
    private static final double TRUNCATED = 0.1;

    private static final double UNKNOWN = 0.01;
    private static final double UNENDED = 0.5;
    /** Allowed deviation, as a share of the rows to hold out. */
    private static final double UNEVEN = 0.25;

    private static final long IMBALANCE = 20;
    private static final int SHOWN_LABELS = 3;
    private static final int SHOWN_TEXT = 80;

    private DatasetWarnings() {}

    /**
     * Rows of a held-out split whose content is also in the training split.
     *
     * @param rows number of such rows
     * @param example content of one of them, or empty
     */
    public record Leak(long rows, String example) {}

    /**
     * Returns all warnings.
     *
     * @param checks counts by split
     * @param leaks leaks by held-out split; a split without a leak is absent
     */
    public static List<Warning> of(Manifest manifest, Map<String, SampleChecks> checks, Map<String, Leak> leaks) {
        List<Warning> warnings = new ArrayList<>();
        manifest.splits().forEach((name, split) -> {
            truncated(name, split, manifest).ifPresent(warnings::add);
            labels(name, split, manifest.labels(), warnings);
            groups(name, split.side()).ifPresent(warnings::add);
        });
        uneven(manifest, Manifest.EVAL, manifest.options().evalFraction()).ifPresent(warnings::add);
        uneven(manifest, Manifest.TEST, manifest.options().testFraction()).ifPresent(warnings::add);
        lineEnds(manifest).ifPresent(warnings::add);
        decontamination(manifest).ifPresent(warnings::add);
        checks.forEach((name, check) -> tokens(name, check, warnings));
        leaks.forEach((name, leak) -> warnings.add(new Warning(
                leakCode(name),
                String.format(
                        Locale.ROOT,
                        "%,d of the %s rows %s in the training text too%s: what is measured on them is not what the"
                                + " model does on new text; take them out of data.train",
                        leak.rows(),
                        name,
                        leak.rows() == 1 ? "is" : "are",
                        leak.example().isEmpty() ? "" : ", as \"" + start(leak.example()) + "\""))));
        return warnings;
    }

    /** Returns whether rows of a held-out split are also in the training split. */
    public static boolean isLeak(Manifest manifest, String split) {
        return manifest.warnings().stream().anyMatch(warning -> warning.code().equals(leakCode(split)));
    }

    private static String leakCode(String split) {
        return "train_" + split + "_duplicates";
    }

    private static Optional<Warning> groups(String name, DatasetSplit.Side side) {
        if (name.equals(Manifest.TRAIN) || side == null || side.shared() == 0) {
            return Optional.empty();
        }
        String common = DataFunnel.common(side.by());
        return Optional.of(new Warning(
                "train_" + name + "_groups",
                String.format(
                        Locale.ROOT,
                        "%,d of the %s rows %s the same %s as rows to train on: what is measured on them is not what the"
                                + " model does on a new %s; %s",
                        side.shared(),
                        name,
                        side.shared() == 1 ? "has" : "have",
                        common,
                        common,
                        side.from() == null
                                ? "take one or the other out"
                                : "data.split_by keeps such rows together, data.split_by_time does not")));
    }

    /** Warns of a split whose share differs much from its fraction, because groups or times stay together. */
    private static Optional<Warning> uneven(Manifest manifest, String name, double fraction) {
        DatasetOptions options = manifest.options();
        if (fraction == 0 || (options.splitBy() == null && options.splitByTime() == null)) {
            return Optional.empty();
        }
        long all = Stream.of(Manifest.TRAIN, Manifest.EVAL, Manifest.TEST)
                .filter(side -> side.equals(Manifest.TRAIN)
                        || (side.equals(Manifest.EVAL) ? options.evalFraction() : options.testFraction()) > 0)
                .mapToLong(side -> rows(manifest, side))
                .sum();
        long rows = rows(manifest, name);
        if (Math.abs(rows - fraction * all) <= Math.max(1, UNEVEN * fraction * all)) {
            return Optional.empty();
        }
        return Optional.of(new Warning(
                "uneven_split",
                String.format(
                        Locale.ROOT,
                        "%,d of %,d rows are %s rows, data.%s_fraction: %s asks for %,.0f: those of the same %s stay"
                                + " together; set another fraction, or data.%s",
                        rows,
                        all,
                        name,
                        name,
                        fraction,
                        fraction * all,
                        options.splitBy() == null ? options.splitByTime() : DataFunnel.common(options.splitBy()),
                        options.splitBy() == null ? "split_by_time" : "split_by")));
    }

    private static long rows(Manifest manifest, String name) {
        DatasetSplit split = manifest.splits().get(name);
        return split == null || split.side() == null ? 0 : split.side().rows();
    }

    private static Optional<Warning> lineEnds(Manifest manifest) {
        long malformed = manifest.badRows().getOrDefault(UnusableRowException.MALFORMED, 0L);
        boolean mayBeCut = DataFormat.of(manifest.options().format()).hasQuotedFields()
                && manifest.options().multiline() == null;
        return malformed == 0 || !mayBeCut
                ? Optional.empty()
                : Optional.of(new Warning(
                        "malformed_csv",
                        String.format(
                                Locale.ROOT,
                                "%,d lines of CSV are no rows: where they go on with a text in quotes, that text lost its"
                                        + " end; set data.multiline: true",
                                malformed)));
    }

    /** Warns of rows that decontamination misses: rows are split off only after the documents were compared. */
    private static Optional<Warning> decontamination(Manifest manifest) {
        DatasetOptions options = manifest.options();
        if (options.corpus() == null || !options.corpus().decontaminate().enabled()) {
            return Optional.empty();
        }
        List<String> splitOff = new ArrayList<>();
        if (options.evalFraction() > 0) {
            splitOff.add(Manifest.EVAL);
        }
        if (options.testFraction() > 0) {
            splitOff.add(Manifest.TEST);
        }
        return splitOff.isEmpty()
                ? Optional.empty()
                : Optional.of(new Warning(
                        "split_off_not_decontaminated",
                        String.format(
                                Locale.ROOT,
                                "the %s rows are split off data.train, and data.corpus.decontaminate compares with"
                                        + " held-out text of its own alone: they may share n-grams with what is trained"
                                        + " on; set %s, and the fraction to 0",
                                String.join(" and ", splitOff),
                                String.join(
                                        " and ",
                                        splitOff.stream().map("data."::concat).toList()))));
    }

    private static Optional<Warning> truncated(String name, DatasetSplit split, Manifest manifest) {
        long of = split.documents() == null ? split.rows() : split.documents().count();
        double share = of == 0 ? 0 : split.truncated() / (double) of;
        return share < TRUNCATED
                ? Optional.empty()
                : Optional.of(new Warning(
                        "truncated",
                        String.format(
                                Locale.ROOT,
                                "%.0f %% of the %s texts are longer than data.max_length: %d and lose their ends: raise"
                                        + " it, if the model reads more",
                                100 * share,
                                name,
                                manifest.options().maxLength())));
    }

    private static void labels(String name, DatasetSplit split, List<String> labels, List<Warning> warnings) {
        List<Long> rows = split.rowsPerLabel();
        if (rows.isEmpty() || rows.stream().allMatch(count -> count == 0)) {
            return;
        }
        List<String> empty = IntStream.range(0, rows.size())
                .filter(label -> rows.get(label) == 0)
                .mapToObj(labels::get)
                .toList();
        if (!empty.isEmpty()) {
            warnings.add(new Warning(
                    "empty_label",
                    "no " + name + " row has the label" + (empty.size() == 1 ? " " : "s ") + shown(empty)
                            + (name.equals(Manifest.TRAIN)
                                    ? ": it cannot be trained; add rows or take the label away"
                                    : ": nothing is measured of it; hold out more rows")));
        }
        // Every text has words outside of entities, and the further words of an entity follow from its first. Only
        // first words are compared.
        boolean entities = labels.stream().anyMatch(Iob2::isPrefixed);
        List<Integer> compared = IntStream.range(0, rows.size())
                .filter(label -> rows.get(label) > 0 && (!entities || Iob2.begins(labels.get(label))))
                .boxed()
                .sorted(Comparator.comparing(rows::get))
                .toList();
        if (compared.isEmpty()) {
            return;
        }
        int rarest = compared.get(0);
        int commonest = compared.get(compared.size() - 1);
        if (name.equals(Manifest.TRAIN) && rows.get(commonest) >= IMBALANCE * rows.get(rarest)) {
            warnings.add(new Warning(
                    "label_imbalance",
                    String.format(
                            Locale.ROOT,
                            "the label %s has %,d train rows, %s has %,d: accuracy hides the rare labels; look at"
                                    + " f1_macro, add rows or weigh the labels",
                            labels.get(commonest),
                            rows.get(commonest),
                            labels.get(rarest),
                            rows.get(rarest))));
        }
    }

    private static void tokens(String name, SampleChecks check, List<Warning> warnings) {
        if (check.unknownShare() >= UNKNOWN) {
            warnings.add(new Warning(
                    "unknown_tokens",
                    String.format(
                            Locale.ROOT,
                            "%.1f %% of the %s tokens are the tokenizer's unknown token: the model cannot tell these"
                                    + " words apart; take a model of the text's language and script",
                            100 * check.unknownShare(),
                            name)));
        }
        if (name.equals(Manifest.TRAIN) && check.endedShare() < UNENDED) {
            warnings.add(new Warning(
                    "no_trained_terminator",
                    String.format(
                            Locale.ROOT,
                            "only %.0f %% of the documents end with a trained end token: a model that never learns to"
                                    + " end goes on and on; raise data.max_length, or fix the chat template",
                            100 * check.endedShare())));
        }
    }

    private static String shown(List<String> names) {
        return String.join(", ", names.subList(0, Math.min(SHOWN_LABELS, names.size())))
                + (names.size() > SHOWN_LABELS ? " and " + (names.size() - SHOWN_LABELS) + " more" : "");
    }

    private static String start(String text) {
        String line = text.replaceAll("\\s+", " ").strip();
        return line.length() <= SHOWN_TEXT ? line : line.substring(0, SHOWN_TEXT) + "…";
    }
}
