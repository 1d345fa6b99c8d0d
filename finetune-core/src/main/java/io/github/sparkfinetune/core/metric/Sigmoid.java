package io.github.sparkfinetune.core.metric;

/** What a logit z says of a label that a sample has or has not, p = 1 / (1 + exp(-z)), in double precision. */
public final class Sigmoid {
    private Sigmoid() {}

    /** p of one logit. */
    public static double probability(double logit) {
        return 1 / (1 + Math.exp(-logit));
    }

    /** p of each logit. */
    public static double[] probabilities(float[] logits) {
        double[] p = new double[logits.length];
        for (int i = 0; i < p.length; i++) {
            p[i] = probability(logits[i]);
        }
        return p;
    }

    /**
     * Mean over the labels of -log p where the sample has the label and -log(1 - p) where it has not, in nats:
     * PyTorch's {@code BCEWithLogitsLoss}. Computed as max(z, 0) - z y + log(1 + exp(-|z|)), which is finite where p is
     * too small for a double.
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
