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
        Map<String, DatasetSplit> splits = new LinkedHashMap<>();
        for (String name : names(earlier, later)) {
            DatasetSplit before = earlier.splits().get(name);
            DatasetSplit after = later.splits().get(name);
            splits.put(name, before == null ? after : after == null ? before : before.plus(after));
        }
        return new Manifest(
                earlier.schemaVersion(),
                earlier.task(),
                earlier.labels(),
                Math.max(earlier.longest(), later.longest()),
                earlier.padTokenId(),
                splits,
                earlier.erased(),
                earlier.generations(),
                sum(earlier.subjects(), later.subjects()),
                sum(earlier.badRows(), later.badRows()),
                earlier.cutTexts() + later.cutTexts(),
                earlier.repairedTexts() + later.repairedTexts(),
                earlier.duplicates() + later.duplicates(),
                sum(earlier.redacted(), later.redacted()),
                earlier.sources(),
                earlier.options(),
                earlier.corpus() == null ? null : corpus(earlier.corpus(), later.corpus()),
                earlier.warnings());
    }

    /** Returns the names of the splits in the order of a manifest. */
    private static List<String> names(Manifest earlier, Manifest later) {
        List<String> names = new ArrayList<>(List.of(Manifest.TRAIN, Manifest.EVAL, Manifest.TEST));
        earlier.splits().keySet().stream().filter(name -> !names.contains(name)).forEach(names::add);
        later.splits().keySet().stream().filter(name -> !names.contains(name)).forEach(names::add);
        names.removeIf(
                name -> !earlier.splits().containsKey(name) && !later.splits().containsKey(name));
        return names;
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
