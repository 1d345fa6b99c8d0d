package io.github.sparkfinetune.core.metric;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Metrics of classification with any number of labels per sample, as scikit-learn's with {@code zero_division=0}.
 * {@code loss} is the mean binary cross-entropy over samples and labels. There are F1, precision and recall,
 * {@code roc_auc_macro} and {@code average_precision_macro}. {@code subset_accuracy} ({@code accuracy_score}) is the
 * share of samples whose predicted labels are exactly the true labels. A label is predicted if its probability is over
 * 0.5, so if its logit is over 0.
 *
 * <p>The area under the ROC curve is not defined for a label that all samples have, or that no sample has. The mean
 * leaves out such labels; {@code roc_auc_labels} is the number of averaged labels. If there are none, both metrics are
 * missing. scikit-learn has no mean if it is undefined for any label. The average precision of a label that no sample
 * has is 0.
 *
 * <p>Without samples, the metrics throw {@link IllegalStateException}. Memory does not grow with the number of samples.
 * All labels together keep at most {@value #CELLS} distinct probabilities, 100 MB. Each label keeps at most 131,072 and
 * at least {@value #LEAST_CELLS}. Beyond that, probabilities are {@linkplain BinaryScores rounded}. Not thread-safe.
 */
public final class MultiLabelMetrics implements Metrics {
    static final String ROC_AUC_LABELS = "roc_auc_labels";

    private static final int SAMPLES = 0;
    private static final int LOSS = 1;
    private static final int EXACT = 2;
    private static final int F1 = 3;
    /** Index of the counts by label: true positives, then predicted samples, then true samples. */
    private static final int BY_LABEL = 4;

    /** Maximum number of cells of {@link BinaryScores} of all labels. */
    private static final int CELLS = 1 << 22;

    private static final int LEAST_CELLS = 64;

    private final List<String> labels;
    private final double[] counts;
    private final List<BinaryScores> scores;

    /**
     * Creates metrics without counts.
     *
     * @param labels names of the labels by id, at least one
     */
    public MultiLabelMetrics(List<String> labels) {
        this(List.copyOf(labels), new double[BY_LABEL + 3 * labels.size()]);
    }

    private MultiLabelMetrics(List<String> labels, double[] counts) {
        if (labels.isEmpty() || counts.length != BY_LABEL + 3 * labels.size()) {
            throw new IllegalArgumentException(labels.size() + " labels, " + counts.length + " counts");
        }
        this.labels = labels;
        this.counts = counts;
        int cells = Math.max(LEAST_CELLS, Math.min(CELLS / labels.size(), BinaryScores.MOST_CELLS));
        this.scores = labels.stream().map(label -> new BinaryScores(cells)).toList();
    }

    /** Returns the metrics by which models are compared. */
    public static List<Metric> all() {
        return List.of(
                new Metric("loss", false),
                new Metric("f1_micro", true),
                new Metric("f1_macro", true),
                new Metric("f1_weighted", true),
                new Metric("f1_samples", true),
                new Metric("precision_micro", true),
                new Metric("precision_macro", true),
                new Metric("recall_micro", true),
                new Metric("recall_macro", true),
                new Metric("subset_accuracy", true),
                new Metric("roc_auc_macro", true),
                new Metric("average_precision_macro", true));
    }

    /**
     * Counts a sample.
     *
     * @param truth whether the sample has each label, by id
     * @param probabilities predicted probabilities, by id
     * @param loss mean cross-entropy over the labels, in nats
     */
    public void add(boolean[] truth, double[] probabilities, double loss) {
        int n = labels.size();
        if (truth.length != n || probabilities.length != n) {
            throw new IllegalArgumentException(
                    n + " labels, " + truth.length + " truth values, " + probabilities.length + " probabilities");
        }
        double hits = 0;
        double either = 0;
        for (int id = 0; id < n; id++) {
            boolean predicted = probabilities[id] > 0.5;
            scores.get(id).add(truth[id], probabilities[id]);
            int hit = truth[id] && predicted ? 1 : 0;
            counts[BY_LABEL + id] += hit;
            counts[BY_LABEL + n + id] += predicted ? 1 : 0;
            counts[BY_LABEL + 2 * n + id] += truth[id] ? 1 : 0;
            hits += hit;
            either += truth[id] || predicted ? 1 : 0;
        }
        counts[SAMPLES]++;
        counts[LOSS] += loss;
        counts[EXACT] += hits == either ? 1 : 0;
        // A label that is true and predicted counts twice in the denominator.
        counts[F1] += either == 0 ? 0 : 2 * hits / (either + hits);
    }

    /** Counts a sample by the model's logits. */
    public void add(boolean[] truth, float[] logits) {
        add(truth, Sigmoid.probabilities(logits), Sigmoid.crossEntropy(logits, truth));
    }

    @Override
    public double[] counts() {
        return counts.clone();
    }

    @Override
    public double[] observations() {
        return scores.stream()
                .map(BinaryScores::toArray)
                .flatMapToDouble(Arrays::stream)
                .toArray();
    }

    @Override
    public MultiLabelMetrics of(double[] otherCounts, double[] observations) {
        MultiLabelMetrics others = new MultiLabelMetrics(labels, otherCounts.clone());
        for (int at = 0; at < observations.length; ) {
            for (BinaryScores label : others.scores) {
                at = label.read(observations, at);
            }
        }
        return others;
    }

    @Override
    public Map<String, Double> values() {
        double samples = counts[SAMPLES];
        if (samples == 0) {
            throw new IllegalStateException("no sample was counted");
        }
        PrecisionRecall micro = classes().micro();
        PrecisionRecall macro = classes().macro();
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", counts[LOSS] / samples);
        values.put("f1_micro", micro.f1());
        values.put("f1_macro", macro.f1());
        values.put("f1_weighted", classes().weighted().f1());
        values.put("f1_samples", counts[F1] / samples);
        values.put("precision_micro", micro.precision());
        values.put("precision_macro", macro.precision());
        values.put("recall_micro", micro.recall());
        values.put("recall_macro", macro.recall());
        values.put("subset_accuracy", counts[EXACT] / samples);
        putRankings(values);
        return values;
    }

    private void putRankings(Map<String, Double> values) {
        double areas = 0;
        double precisions = 0;
        int defined = 0;
        for (BinaryScores label : scores) {
            precisions += label.averagePrecision();
            if (label.haveBoth()) {
                areas += label.rocAuc();
                defined++;
            }
        }
        if (defined > 0) {
            values.put("roc_auc_macro", areas / defined);
        }
        values.put("average_precision_macro", precisions / labels.size());
        if (defined > 0) {
            values.put(ROC_AUC_LABELS, (double) defined);
        }
    }

    @Override
    public Map<String, PrecisionRecall> byLabel() {
        return classes().byName(labels);
    }

    private ClassScores classes() {
        return ClassScores.of(counts, BY_LABEL, labels.size());
    }
}
