package io.github.sparkfinetune.core.metric;

/** Probability p = 1 / (1 + exp(-z)) that a sample has a label, from logits z, in double precision. */
public final class Sigmoid {
    private Sigmoid() {}

    /** Returns p of one logit. */
    public static double probability(double logit) {
        return 1 / (1 + Math.exp(-logit));
    }

    /**
     * Returns log(1 + exp(z)), which is -log(1 - p), as max(z, 0) + log(1 + exp(-|z|)): it is finite even if p is too
     * near to 1 for a double.
     */
    public static double softplus(double logit) {
        return Math.log1p(Math.exp(-Math.abs(logit))) + Math.max(logit, 0);
    }

    /** Returns p of each logit. */
    public static double[] probabilities(float[] logits) {
        double[] p = new double[logits.length];
        for (int i = 0; i < p.length; i++) {
            p[i] = probability(logits[i]);
        }
        return p;
    }

    /**
     * Returns PyTorch's {@code BCEWithLogitsLoss} in nats. It is the mean over the labels of -log p if the sample has
     * the label, else of -log(1 - p).
     */
    public static double crossEntropy(float[] logits, boolean[] labels) {
        double sum = 0;
        for (int i = 0; i < logits.length; i++) {
            sum += softplus(labels[i] ? -logits[i] : logits[i]);
        }
        return sum / logits.length;
    }
}
