package io.github.sparkfinetune.core.metric;

/** What logits z say of the classes, p = softmax(z), in double precision. */
public final class Softmax {
    private Softmax() {}

    /** The most probable class, the first of equals. */
    public static int argmax(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    /** p, which sum to 1. */
    public static double[] probabilities(float[] logits) {
        double max = logits[argmax(logits)];
        double[] p = new double[logits.length];
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            p[i] = Math.exp(logits[i] - max);
            sum += p[i];
        }
        for (int i = 0; i < p.length; i++) {
            p[i] /= sum;
        }
        return p;
    }

    /**
     * -log p of the true class, in nats. Computed as log Σ exp(z - max z) - (z_label - max z), which is finite where p
     * is too small for a double.
     */
    public static double crossEntropy(float[] logits, int label) {
        double max = logits[argmax(logits)];
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - max);
        }
        return Math.log(sum) - (logits[label] - max);
    }
}
