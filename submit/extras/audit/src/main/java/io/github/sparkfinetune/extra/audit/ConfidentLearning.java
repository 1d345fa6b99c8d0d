package io.github.sparkfinetune.extra.audit;

import java.io.Serializable;

/**
 * Rows that are probably labelled wrong, by the confident joint of Northcutt et al., "Confident Learning: Estimating
 * Uncertainty in Dataset Labels" (2021). Label <i>j</i> is confident for a row where its probability is at least
 * <i>t<sub>j</sub></i>, the mean probability of <i>j</i> over the rows with the label <i>j</i>. A row counts for the
 * most probable of its confident labels.
 *
 * @param thresholds <i>t<sub>j</sub></i> by label; above 1 for a label without rows
 */
record ConfidentLearning(double[] thresholds) implements Serializable {

    /**
     * Returns whether a row lies off the diagonal of the confident joint, and the model predicts another label than the
     * given label.
     *
     * @param probabilities probabilities by label, of a model that did not train on the row
     * @param given given label
     */
    boolean isWrong(double[] probabilities, int given) {
        int confident = -1;
        for (int label = 0; label < probabilities.length; label++) {
            if (probabilities[label] >= thresholds[label]
                    && (confident < 0 || probabilities[label] > probabilities[confident])) {
                confident = label;
            }
        }
        return confident >= 0 && confident != given && margin(probabilities, given) < 0;
    }

    /** Returns the probability of the given label minus the highest probability of another label, in [-1, 1]. */
    static double margin(double[] probabilities, int given) {
        return probabilities[given] - probabilities[other(probabilities, given)];
    }

    /** Returns the most probable label except the given label; the first of equals. */
    static int other(double[] probabilities, int given) {
        int best = given == 0 ? 1 : 0;
        for (int label = 0; label < probabilities.length; label++) {
            if (label != given && probabilities[label] > probabilities[best]) {
                best = label;
            }
        }
        return best;
    }
}
