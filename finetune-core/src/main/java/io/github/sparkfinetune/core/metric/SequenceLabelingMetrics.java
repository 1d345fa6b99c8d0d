package io.github.sparkfinetune.core.metric;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Metrics of tags and of entities, as seqeval's. {@code loss} is the mean cross-entropy of the tags, {@code accuracy}
 * the share of right tags. An entity is right if its type, start and end are right. {@code precision}, {@code recall}
 * and {@code f1} are over all entities, {@code f1_macro} and {@code f1_weighted} over the types that occur. Entities
 * are read leniently, in any scheme, as by {@code get_entities}. If all labels start with B, I or O, and some with B,
 * there are also {@code precision_strict}, {@code recall_strict} and {@code f1_strict} ({@code mode="strict",
 * scheme=IOB2}). seqeval reads labels without prefixes, such as parts of speech, roughly as runs of equal tags; for
 * such labels the accuracy matters. Ratios with denominator 0 are 0. Without entities, {@code f1_macro} is missing.
 *
 * <p>Entities do not cross rows. Without tags, the metrics throw {@link IllegalStateException}. Counts are whole
 * numbers, exact up to 2^53; there are no observations. Not thread-safe.
 */
public final class SequenceLabelingMetrics implements Metrics {
    private static final int LOSS = 0;
    private static final int TAGS = 1;
    private static final int RIGHT = 2;
    /** Index of the counts by type: right, predicted and true entities; then the same of strict entities. */
    private static final int BY_TYPE = 3;

    private final Map<String, EntitySpans.Tag> tags;
    private final List<String> types;
    private final boolean strict;
    private final double[] counts;

    /**
     * Creates metrics without counts.
     *
     * @param labels names that tags may have
     */
    public SequenceLabelingMetrics(List<String> labels) {
        this.tags = new HashMap<>();
        Set<String> found = new TreeSet<>();
        for (String label : labels) {
            EntitySpans.Tag tag = EntitySpans.Tag.of(label);
            tags.put(label, tag);
            found.add(tag.type());
            found.add(tag.strictType());
        }
        this.types = List.copyOf(found);
        this.strict = tags.values().stream().allMatch(tag -> "BIO".contains(tag.prefix()))
                && tags.values().stream().anyMatch(tag -> tag.prefix().equals("B"));
        this.counts = new double[BY_TYPE + 6 * types.size()];
    }

    private SequenceLabelingMetrics(SequenceLabelingMetrics others, double[] counts) {
        if (counts.length != others.counts.length) {
            throw new IllegalArgumentException(others.types.size() + " types, " + counts.length + " counts");
        }
        this.tags = others.tags;
        this.types = others.types;
        this.strict = others.strict;
        this.counts = counts;
    }

    /** Returns the metrics by which models are compared. */
    public static List<Metric> all() {
        return List.of(
                new Metric("loss", false),
                new Metric("accuracy", true),
                new Metric("precision", true),
                new Metric("recall", true),
                new Metric("f1", true),
                new Metric("f1_macro", true),
                new Metric("f1_weighted", true),
                new Metric("precision_strict", true),
                new Metric("recall_strict", true),
                new Metric("f1_strict", true));
    }

    /**
     * Counts a row, e.g. the words of a sentence.
     *
     * @param truth true tags
     * @param predicted predicted tags
     * @param lossSum sum of the tags' cross-entropies, in nats
     */
    public void add(List<String> truth, List<String> predicted, double lossSum) {
        if (truth.size() != predicted.size()) {
            throw new IllegalArgumentException(truth.size() + " tags, " + predicted.size() + " predicted");
        }
        List<EntitySpans.Tag> trueTags = tags(truth);
        List<EntitySpans.Tag> predictedTags = tags(predicted);
        counts[LOSS] += lossSum;
        counts[TAGS] += truth.size();
        for (int i = 0; i < truth.size(); i++) {
            counts[RIGHT] += truth.get(i).equals(predicted.get(i)) ? 1 : 0;
        }
        count(BY_TYPE, EntitySpans.lenient(trueTags), EntitySpans.lenient(predictedTags));
        if (strict) {
            count(BY_TYPE + 3 * types.size(), EntitySpans.strict(trueTags), EntitySpans.strict(predictedTags));
        }
    }

    private List<EntitySpans.Tag> tags(List<String> names) {
        List<EntitySpans.Tag> row = new ArrayList<>();
        for (String name : names) {
            EntitySpans.Tag tag = tags.get(name);
            if (tag == null) {
                throw new IllegalArgumentException("tag " + name + " is not one of the labels");
            }
            row.add(tag);
        }
        return row;
    }

    private void count(int from, Set<EntitySpans.Entity> truth, Set<EntitySpans.Entity> predicted) {
        int n = types.size();
        for (EntitySpans.Entity entity : predicted) {
            int type = types.indexOf(entity.type());
            counts[from + type] += truth.contains(entity) ? 1 : 0;
            counts[from + n + type]++;
        }
        for (EntitySpans.Entity entity : truth) {
            counts[from + 2 * n + types.indexOf(entity.type())]++;
        }
    }

    @Override
    public double[] counts() {
        return counts.clone();
    }

    @Override
    public SequenceLabelingMetrics of(double[] otherCounts, double[] observations) {
        return new SequenceLabelingMetrics(this, otherCounts.clone());
    }

    @Override
    public Map<String, Double> values() {
        if (counts[TAGS] == 0) {
            throw new IllegalStateException("no tag was counted");
        }
        PrecisionRecall micro = entities().micro();
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", counts[LOSS] / counts[TAGS]);
        values.put("accuracy", accuracy());
        values.put("precision", micro.precision());
        values.put("recall", micro.recall());
        values.put("f1", micro.f1());
        double macro = entities().macroOverOccurring().f1();
        if (!Double.isNaN(macro)) {
            values.put("f1_macro", macro);
        }
        values.put("f1_weighted", entities().weighted().f1());
        if (strict) {
            PrecisionRecall ofStrict = strictEntities().micro();
            values.put("precision_strict", ofStrict.precision());
            values.put("recall_strict", ofStrict.recall());
            values.put("f1_strict", ofStrict.f1());
        }
        return values;
    }

    /** Returns the scores by entity type, read leniently. */
    @Override
    public Map<String, PrecisionRecall> byLabel() {
        return entities().byName(types);
    }

    /** Returns the share of right tags. */
    double accuracy() {
        return counts[RIGHT] / counts[TAGS];
    }

    /** Returns the entity types, in the order of the scores. */
    List<String> types() {
        return types;
    }

    /** Returns the scores of leniently read entities, by type. */
    ClassScores entities() {
        return ClassScores.of(counts, BY_TYPE, types.size());
    }

    /** Returns the scores of entities in strict IOB2, by type. */
    ClassScores strictEntities() {
        return ClassScores.of(counts, BY_TYPE + 3 * types.size(), types.size());
    }
}
