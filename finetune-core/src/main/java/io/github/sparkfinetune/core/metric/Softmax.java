package io.github.sparkfinetune.core.metric;

/** Probabilities p = softmax(z) of classes, from logits z, in double precision. */
public final class Softmax {
    private Softmax() {}

    /** Returns the most probable class, or the first of equally probable classes. */
    public static int argmax(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    /** Returns the most probable class, or the first of equally probable classes. */
    public static int argmax(double[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] > values[best]) {
                best = i;
            }
        }
        return best;
    }

    /** Returns p, whose sum is 1. */
    public static double[] probabilities(float[] logits) {
        double[] wide = new double[logits.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = logits[i];
        }
        return probabilities(wide);
    }

    /** Returns p, whose sum is 1. */
    public static double[] probabilities(double[] logits) {
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
     * Returns -log p of the true class, in nats. It is computed as log Σ exp(z - max z) - (z_label - max z), which is
     * finite even if p is too small for a double.
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
