package io.github.sparkfinetune.core.metric;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Metrics of extracted answers, from 0 to 100, as in the evaluation script of SQuAD 2.0 (Rajpurkar et al., "Know What
 * You Don't Know", 2018). {@code exact_match} (the script's {@code exact}) and {@code f1} are over all questions.
 * {@code HasAns_exact} and {@code HasAns_f1} are over questions with an answer, {@code NoAns_exact} and
 * {@code NoAns_f1} over questions without one. These four are missing if every question has an answer and the model
 * always answers. {@code loss} is the mean cross-entropy of windows.
 *
 * <p>If the model reports a preference for no answer, "" is predicted above a threshold of the preference.
 * {@code best_exact} and {@code best_f1} are the results of the best thresholds, {@code best_exact_thresh} and
 * {@code best_f1_thresh}. A threshold answers the questions whose preference is at most the threshold. Questions of
 * equal preference are answered together; the script may separate them, by their order. {@value #THRESHOLD} is half way
 * from {@code best_f1_thresh} to the next higher preference, and equally good on the measured questions.
 *
 * <p>Without questions, only the loss is present. Whole numbers are exact up to 2^53. Observations are the preferences
 * and the scores that they decide: 24 bytes per question, or none if the model has no preference. Not thread-safe.
 */
public final class QuestionAnsweringMetrics implements Metrics {
    /** Name of the threshold for answering, as in {@code run_qa.py}. */
    public static final String THRESHOLD = "null_score_diff_threshold";

    private static final int LOSS = 0;
    private static final int WINDOWS = 1;
    private static final int ANSWERABLE = 2;
    private static final int ANSWERABLE_EXACT = 3;
    private static final int ANSWERABLE_F1 = 4;
    private static final int OTHERS = 5;
    private static final int OTHERS_RIGHT = 6;
    private static final int COUNTS = 7;

    private final double threshold;
    private final double[] counts;
    /** For each question: preference, and the gains in the sums of exact matches and of F1 if it is answered. */
    private final Observations preferences;

    /**
     * Creates metrics without counts.
     *
     * @param threshold preference for no answer above which "" is predicted ({@code null_score_diff_threshold})
     */
    public QuestionAnsweringMetrics(double threshold) {
        this(threshold, new double[COUNTS], new Observations());
    }

    private QuestionAnsweringMetrics(double threshold, double[] counts, Observations preferences) {
        if (counts.length != COUNTS || preferences.size() % 3 != 0) {
            throw new IllegalArgumentException(counts.length + " counts, " + preferences.size() + " observations");
        }
        this.threshold = threshold;
        this.counts = counts;
        this.preferences = preferences;
    }

    /** Returns the metrics by which models are compared. */
    public static List<Metric> all() {
        return List.of(
                new Metric("loss", false),
                new Metric("exact_match", true),
                new Metric("f1", true),
                new Metric("HasAns_exact", true),
                new Metric("HasAns_f1", true),
                new Metric("NoAns_exact", true),
                new Metric("NoAns_f1", true),
                new Metric("best_exact", true),
                new Metric("best_f1", true));
    }

    /**
     * Counts windows.
     *
     * @param lossSum sum of the windows' losses, in nats
     * @param windows number of windows
     */
    public void addWindows(double lossSum, long windows) {
        counts[LOSS] += lossSum;
        counts[WINDOWS] += windows;
    }

    /** Counts a question of a model that always answers. */
    public void add(SquadScore answer) {
        count(answer.answerable(), answer.exact(), answer.f1());
    }

    /**
     * Counts a question of a model that may prefer no answer.
     *
     * @param answer score of the model's best answer, even if the model prefers no answer
     * @param preference preference for no answer, e.g. the score of no answer minus the score of the answer
     */
    public void add(SquadScore answer, double preference) {
        double right = answer.answerable() ? 0 : 1;
        boolean prefersNone = preference > threshold;
        count(answer.answerable(), prefersNone ? right : answer.exact(), prefersNone ? right : answer.f1());
        // A question without an answer counts as right until it is answered.
        double lost = answer.answered() ? -1 : 0;
        preferences.add(
                preference, answer.answerable() ? answer.exact() : lost, answer.answerable() ? answer.f1() : lost);
    }

    private void count(boolean answerable, double exact, double f1) {
        if (answerable) {
            counts[ANSWERABLE]++;
            counts[ANSWERABLE_EXACT] += exact;
            counts[ANSWERABLE_F1] += f1;
        } else {
            counts[OTHERS]++;
            // If no answer is right, exact match and F1 are equal.
            counts[OTHERS_RIGHT] += exact;
        }
    }

    @Override
    public double[] counts() {
        return counts.clone();
    }

    @Override
    public double[] observations() {
        return preferences.toArray();
    }

    @Override
    public QuestionAnsweringMetrics of(double[] otherCounts, double[] observations) {
        return new QuestionAnsweringMetrics(threshold, otherCounts.clone(), new Observations(observations));
    }

    @Override
    public Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        if (counts[WINDOWS] > 0) {
            values.put("loss", counts[LOSS] / counts[WINDOWS]);
        }
        double questions = counts[ANSWERABLE] + counts[OTHERS];
        if (questions > 0) {
            values.put("exact_match", 100 * (counts[ANSWERABLE_EXACT] + counts[OTHERS_RIGHT]) / questions);
            values.put("f1", 100 * (counts[ANSWERABLE_F1] + counts[OTHERS_RIGHT]) / questions);
        }
        boolean mayBeUnanswered = counts[OTHERS] > 0 || preferences.size() > 0;
        if (mayBeUnanswered && counts[ANSWERABLE] > 0) {
            values.put("HasAns_exact", 100 * counts[ANSWERABLE_EXACT] / counts[ANSWERABLE]);
            values.put("HasAns_f1", 100 * counts[ANSWERABLE_F1] / counts[ANSWERABLE]);
        }
        if (counts[OTHERS] > 0) {
            values.put("NoAns_exact", 100 * counts[OTHERS_RIGHT] / counts[OTHERS]);
            values.put("NoAns_f1", 100 * counts[OTHERS_RIGHT] / counts[OTHERS]);
        }
        if (questions > 0 && preferences.size() == 3 * questions) {
            putBest(values, "best_exact", 1);
            Split best = putBest(values, "best_f1", 2);
            values.put(THRESHOLD, best.threshold());
        }
        return values;
    }

    /** A question that may be answered. */
    private record Question(double preference, double gain) {}

    /**
     * Boundary between answered and unanswered questions, by preference.
     *
     * @param preference highest preference of the answered questions, or null if there are none
     * @param next lowest preference of the other questions, or null if there are none
     */
    private record Split(Double preference, Double next) {
        /** Returns the middle, so that other questions fall on the side of the nearest measured question. */
        double threshold() {
            if (preference == null) {
                return Math.min(0, next - 1);
            }
            return next == null ? preference : (preference + next) / 2;
        }
    }

    private Split putBest(Map<String, Double> values, String name, int gain) {
        double[] columns = preferences.toArray();
        List<Question> questions = new ArrayList<>();
        for (int i = 0; i < columns.length; i += 3) {
            questions.add(new Question(columns[i], columns[i + gain]));
        }
        // By gain too, so that sums do not depend on the order of parts.
        questions.sort(Comparator.comparingDouble(Question::preference).thenComparingDouble(Question::gain));
        double sum = counts[OTHERS];
        double best = sum;
        Split split = new Split(null, questions.get(0).preference());
        for (int i = 0; i < questions.size(); i++) {
            sum += questions.get(i).gain();
            double preference = questions.get(i).preference();
            Double next =
                    i + 1 == questions.size() ? null : questions.get(i + 1).preference();
            boolean last = next == null || next != preference;
            if (last && sum > best) {
                best = sum;
                split = new Split(preference, next);
            }
        }
        values.put(name, 100 * best / questions.size());
        values.put(name + "_thresh", split.preference() == null ? 0 : split.preference());
        return split;
    }
}
