package io.github.sparkfinetune.extra.evidence;

import io.github.sparkfinetune.data.hf.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Differences between a run as it is now and its evidence. */
final class Comparison {
    /** Relative difference of figures that other processors explain. */
    private static final double TOLERANCE = 1e-4;
    /** Smallest magnitude to which the tolerance is relative. */
    private static final double LEAST = 0.01;

    private static final int MOST_NAMED = 20;

    private Comparison() {}

    /** Returns one verdict for each group whose files are as recorded, and one for each file that differs. */
    static List<Verdict> files(Evidence evidence, List<FileHashes> now) {
        Map<String, FileHashes> groups = new TreeMap<>();
        now.forEach(group -> groups.put(group.group().name(), group));
        List<Verdict> verdicts = new ArrayList<>();
        for (EvidenceIndex.Group recorded : evidence.index().hashes()) {
            FileHashes group = groups.remove(recorded.name());
            if (group == null) {
                verdicts.add(Verdict.differs(
                        recorded.name(),
                        recorded.list() == null
                                ? "has changed since the dataset was prepared, or is gone"
                                : "all files are missing"));
            } else if (group.digest().equals(recorded.sha256())) {
                verdicts.add(
                        Verdict.holds(recorded.name(), "%,d file(s) as in the evidence".formatted(recorded.files())));
            } else {
                verdicts.addAll(differing(evidence, recorded, group));
            }
        }
        groups.keySet().forEach(name -> verdicts.add(Verdict.differs(name, "is not in the evidence")));
        return verdicts;
    }

    private static List<Verdict> differing(Evidence evidence, EvidenceIndex.Group recorded, FileHashes group) {
        if (recorded.list() == null) {
            return List.of(Verdict.differs(recorded.name(), "a file has other content than in the evidence"));
        }
        String list = evidence.text(recorded.list());
        if (!Sha256.of(list.getBytes(StandardCharsets.UTF_8)).equals(recorded.sha256())) {
            return List.of(Verdict.differs(recorded.name(), recorded.list() + " does not fit the index"));
        }
        Map<String, String> before = FileHashes.parse(list);
        Map<String, String> after = new TreeMap<>(group.byName());
        List<Verdict> verdicts = new ArrayList<>();
        before.forEach((name, hash) -> {
            String other = after.remove(name);
            if (other == null) {
                verdicts.add(Verdict.differs(recorded.name(), name + " is missing"));
            } else if (!other.equals(hash)) {
                verdicts.add(Verdict.differs(recorded.name(), name + " has other content than in the evidence"));
            }
        });
        after.keySet()
                .forEach(name -> verdicts.add(Verdict.differs(recorded.name(), name + " is not in the evidence")));
        if (verdicts.size() > MOST_NAMED) {
            String more = "%,d more files differ".formatted(verdicts.size() - MOST_NAMED);
            verdicts.subList(MOST_NAMED, verdicts.size()).clear();
            verdicts.add(Verdict.differs(recorded.name(), more));
        }
        return verdicts;
    }

    /**
     * Compares the figures of an index with those of a run.
     *
     * @param now metrics by held-out set; a metric that is not a number is left out
     * @param where where the metrics come from, for messages
     */
    static List<Verdict> figures(EvidenceIndex index, Map<String, Map<String, Double>> now, String where) {
        Map<String, Double> values = new HashMap<>();
        now.forEach((set, metrics) -> metrics.forEach((metric, value) -> {
            if (Double.isFinite(value)) {
                values.put(set + " " + metric, value);
            }
        }));
        List<Verdict> verdicts = new ArrayList<>();
        for (EvidenceIndex.Figure figure : index.figures()) {
            Double value = values.remove(figure.shown());
            if (value == null) {
                verdicts.add(Verdict.differs("figure", figure.shown() + " is missing in " + where));
            } else if (!isSame(figure.value(), value)) {
                verdicts.add(Verdict.differs(
                        "figure",
                        figure.shown() + " is " + figure.value() + " in the evidence and " + value + " in " + where));
            }
        }
        if (!values.isEmpty()) {
            verdicts.add(Verdict.differs(
                    "figure",
                    values.keySet().stream().sorted().collect(Collectors.joining(", ")) + " of " + where
                            + " is not in the evidence"));
        }
        return verdicts.isEmpty()
                ? List.of(Verdict.holds(
                        "figures", "%,d as in %s".formatted(index.figures().size(), where)))
                : verdicts;
    }

    private static boolean isSame(double recorded, double now) {
        double magnitude = Math.max(LEAST, Math.max(Math.abs(recorded), Math.abs(now)));
        return Math.abs(recorded - now) <= TOLERANCE * magnitude;
    }
}
