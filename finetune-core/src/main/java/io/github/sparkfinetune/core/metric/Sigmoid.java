package io.github.sparkfinetune.core.metric;

/** Probability p = 1 / (1 + exp(-z)) that a sample has a label, from logits z, in double precision. */
public final class Sigmoid {
    private Sigmoid() {}

    /** Returns p of one logit. */
    public static double probability(double logit) {
        return 1 / (1 + Math.exp(-logit));
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
     * the label, else of -log(1 - p). It is computed as max(z, 0) - z y + log(1 + exp(-|z|)), which is finite even if p
     * is too small for a double.
     */
    public static double crossEntropy(float[] logits, boolean[] labels) {
        double sum = 0;
        for (int i = 0; i < logits.length; i++) {
            double z = logits[i];
            sum += Math.max(z, 0) - (labels[i] ? z : 0) + Math.log1p(Math.exp(-Math.abs(z)));
        }
        return sum / logits.length;
    }
}
