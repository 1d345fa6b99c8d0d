package io.github.sparkfinetune.spark.folder;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.github.sparkfinetune.core.calibration.Reliability;
import io.github.sparkfinetune.core.metric.PrecisionRecall;
import io.github.sparkfinetune.spark.predict.Scores;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Part of {@code metrics.json} that {@code evaluate} writes. A map or list that does not apply is absent from the file
 * and empty here; a value that the file lacks is null.
 *
 * @param test metrics of the test split
 * @param confusionMatrix confusion matrix of a classifier with few labels, or null
 * @param confusions the most frequent confusions, if samples have one of many labels
 * @param byLabel scores of each label or entity type, if samples have several labels or tags, or one of many labels
 * @param base metrics of the base model on the test split, for a language model
 * @param answers answers of a language model to a few held-out rows
 * @param examples predictions of a few held-out rows, if predictions are right or wrong
 * @param reliability confidence and accuracy before and after calibration
 * @param heldOut further held-out sets by name
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record EvaluationMetrics(
        Map<String, Double> test,
        ConfusionMatrix confusionMatrix,
        List<Confused> confusions,
        Map<String, LabelScores> byLabel,
        Map<String, Double> base,
        List<Scores.Answer> answers,
        List<Example> examples,
        List<Reliability> reliability,
        Map<String, HeldOutSet> heldOut) {
    public EvaluationMetrics {
        test = Parts.map(test);
        confusions = Parts.list(confusions);
        byLabel = Parts.map(byLabel);
        base = Parts.map(base);
        answers = Parts.list(answers);
        examples = Parts.list(examples);
        reliability = Parts.list(reliability);
        heldOut = Parts.map(heldOut);
    }

    /**
     * Samples by true label (row) and predicted label (column).
     *
     * @param labels names of the labels by id
     * @param counts a row for each label
     */
    public record ConfusionMatrix(List<String> labels, long[][] counts) {
        /** Returns whether each pair of labels has a count, as in every file that was written whole. */
        public boolean complete() {
            return labels != null
                    && counts != null
                    && counts.length == labels.size()
                    && Arrays.stream(counts).allMatch(row -> row != null && row.length == labels.size());
        }
    }

    /**
     * Label that was predicted in place of the true label.
     *
     * @param samples number of such predictions
     */
    public record Confused(String label, String predicted, Long samples) {
        static Confused of(Scores.Confused pair) {
            return new Confused(pair.label(), pair.predicted(), pair.samples());
        }
    }

    /** Scores of a label, as described in {@link PrecisionRecall}. */
    public record LabelScores(Double precision, Double recall, Double f1, Long support) {
        static LabelScores of(PrecisionRecall scores) {
            return new LabelScores(scores.precision(), scores.recall(), scores.f1(), scores.support());
        }
    }

    /** Prediction of a held-out sample, as described in {@link Scores.Example}. */
    public record Example(
            Scores.Group group, List<String> text, List<String> expected, List<String> predicted, Double score) {
        public Example {
            text = Parts.list(text);
            expected = Parts.list(expected);
            predicted = Parts.list(predicted);
        }

        static Example of(Scores.Example example) {
            return new Example(
                    example.group(), example.text(), example.expected(), example.predicted(), example.score());
        }
    }

    /**
     * Metrics of a further held-out set.
     *
     * @param metrics metrics of the trained model
     * @param base metrics of the base model; empty if it was not measured
     */
    public record HeldOutSet(
            Map<String, Double> metrics,
            @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, Double> base) {
        public HeldOutSet {
            metrics = Parts.map(metrics);
            base = Parts.map(base);
        }
    }

    /**
     * Returns the part of an evaluation.
     *
     * @param sets the test split, then the further held-out sets
     */
    public static EvaluationMetrics of(List<Scores> sets) {
        Scores test = sets.get(0);
        Scores.Confusion confusion = test.confusion();
        Map<String, HeldOutSet> heldOut = new LinkedHashMap<>();
        sets.subList(1, sets.size())
                .forEach(set -> heldOut.put(set.split(), new HeldOutSet(set.metrics(), set.base())));
        return new EvaluationMetrics(
                test.metrics(),
                confusion.labels().isEmpty() ? null : new ConfusionMatrix(confusion.labels(), confusion.matrix()),
                confusion.pairs().stream().map(Confused::of).toList(),
                Parts.mapped(test.byLabel(), LabelScores::of),
                test.base(),
                test.answers(),
                test.examples().stream().map(Example::of).toList(),
                test.reliability(),
                heldOut);
    }
}
