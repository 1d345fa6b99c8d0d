package io.github.sparkfinetune.spark.prepare.generation;

import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Sums of the manifests of generations. */
final class Generations {
    private Generations() {}

    /**
     * Returns the samples of a dataset followed by the samples of another one with the same labels. Counts are added;
     * options are those of the first.
     */
    static Manifest sum(Manifest earlier, Manifest later) {
        Manifest.Samples first = earlier.samples();
        Map<String, DatasetSplit> splits = new LinkedHashMap<>();
        for (String name : names(first, later.samples())) {
            DatasetSplit before = first.splits().get(name);
            DatasetSplit after = later.samples().splits().get(name);
            splits.put(name, before == null ? after : after == null ? before : before.plus(after));
        }
        return new Manifest(
                earlier.schemaVersion(),
                earlier.task(),
                new Manifest.Samples(
                        first.labels(),
                        Math.max(first.longest(), later.samples().longest()),
                        first.padTokenId(),
                        splits,
                        first.erased(),
                        first.generations(),
                        sum(first.subjects(), later.samples().subjects())),
                rows(earlier.rows(), later.rows()),
                earlier.sources(),
                earlier.options(),
                earlier.corpus() == null ? null : corpus(earlier.corpus(), later.corpus()),
                earlier.warnings());
    }

    /** Returns the names of the splits in the order of a manifest. */
    private static List<String> names(Manifest.Samples earlier, Manifest.Samples later) {
        List<String> names = new ArrayList<>(List.of(Manifest.TRAIN, Manifest.EVAL, Manifest.TEST));
        earlier.splits().keySet().stream().filter(name -> !names.contains(name)).forEach(names::add);
        later.splits().keySet().stream().filter(name -> !names.contains(name)).forEach(names::add);
        names.removeIf(
                name -> !earlier.splits().containsKey(name) && !later.splits().containsKey(name));
        return names;
    }

    private static Manifest.Rows rows(Manifest.Rows a, Manifest.Rows b) {
        return new Manifest.Rows(
                sum(a.badRows(), b.badRows()),
                a.cutTexts() + b.cutTexts(),
                a.repairedTexts() + b.repairedTexts(),
                a.duplicates() + b.duplicates(),
                sum(a.redacted(), b.redacted()));
    }

    private static Manifest.Corpus corpus(Manifest.Corpus a, Manifest.Corpus b) {
        return new Manifest.Corpus(
                a.rows() + b.rows(), sum(a.rejected(), b.rejected()), sum(a.masked(), b.masked()), a.mix());
    }

    private static Map<String, Long> sum(Map<String, Long> a, Map<String, Long> b) {
        Map<String, Long> sum = new TreeMap<>(a);
        b.forEach((name, count) -> sum.merge(name, count, Long::sum));
        return sum;
    }
}
