package io.github.sparkfinetune.extra.audit;

import java.util.List;

/**
 * Result of an audit, as in {@value AuditFolder#RESULT}.
 *
 * @param rows number of rows
 * @param wrong number of rows whose label is probably another
 * @param conflicting number of rows whose text also has another label
 * @param nearEqual number of rows with a near-equal text that has another label
 * @param folds number of trainings
 * @param labels names of the labels, in the order of the probabilities
 * @param thresholds mean probability of each label over the rows that have the label
 * @param first the first rows by rank
 */
public record Audited(
        long rows,
        long wrong,
        long conflicting,
        long nearEqual,
        int folds,
        List<String> labels,
        List<Double> thresholds,
        List<Doubt> first) {
    private static final int SHOWN = 60;

    public Audited {
        labels = List.copyOf(labels);
        thresholds = List.copyOf(thresholds);
        first = List.copyOf(first);
    }

    /**
     * Row with a doubtful label.
     *
     * @param rank rank from 1, the most doubtful row first
     * @param label given label
     * @param suggested label that the model suggests
     * @param probability probability of the given label
     * @param text text of the row
     */
    public record Doubt(long rank, String label, String suggested, double probability, String text) {

        /** Returns the beginning of the text on one line. */
        String beginning() {
            String line = text.strip().replaceAll("\\s+", " ");
            return line.codePointCount(0, line.length()) <= SHOWN
                    ? line
                    : line.substring(0, line.offsetByCodePoints(0, SHOWN)) + "…";
        }
    }
}
