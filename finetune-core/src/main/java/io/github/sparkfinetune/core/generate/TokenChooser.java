package io.github.sparkfinetune.core.generate;

import io.github.sparkfinetune.conf.GenerationConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Seeds;
import java.nio.FloatBuffer;
import java.util.BitSet;

/**
 * Choice of an answer's tokens from the model's logits after {@link LogitsProcessing}: the highest logit, or a token
 * drawn by its probability. A draw depends on the seed, the sample and the position in the answer only, not on the
 * batch, the rank or earlier draws.
 */
public final class TokenChooser {
    private final GenerationConfig config;
    private final LogitsProcessing processing;
    private final float[] logits;
    private final BitSet tokens = new BitSet();
    private final long draws;
    private int position;

    /**
     * Creates the chooser of one answer.
     *
     * @param vocabulary number of logits
     * @param seed the run's seed
     * @param sample index of the answered sample
     * @param prompt token ids without padding, below {@code vocabulary}
     */
    public TokenChooser(GenerationConfig config, int vocabulary, long seed, long sample, int[] prompt) {
        this.config = config;
        this.processing = new LogitsProcessing(config, vocabulary);
        this.logits = new float[vocabulary];
        this.draws = Seeds.derive(seed, Seeds.Purpose.GENERATION, sample);
        for (int token : prompt) {
            tokens.set(token);
        }
        if (tokens.length() > vocabulary) {
            throw new IllegalArgumentException("token " + (tokens.length() - 1) + " of a vocabulary of " + vocabulary);
        }
    }

    /**
     * Returns the next token of the answer.
     *
     * @param next logits of the whole vocabulary, from the buffer's position to its limit; not changed
     * @throws RunException if a logit is not finite
     */
    public int choose(FloatBuffer next) {
        next.duplicate().get(logits);
        requireFinite();
        processing.apply(logits, tokens);
        int highest = highest();
        int token = config.doSample() ? drawn(highest) : highest;
        tokens.set(token);
        position++;
        return token;
    }

    /** Returns the token of the highest logit; the first of equal logits. */
    private int highest() {
        int highest = 0;
        for (int token = 0; token < logits.length; token++) {
            if (logits[token] > logits[highest]) {
                highest = token;
            }
        }
        return highest;
    }

    private void requireFinite() {
        for (int token = 0; token < logits.length; token++) {
            if (!Float.isFinite(logits[token])) {
                throw RunException.data("the model's logit of token " + token + " is " + logits[token]
                        + ": its weights are damaged or its training diverged");
            }
        }
    }

    /**
     * Returns the first token, in the order of ids, at which the cumulative softmax exceeds a random number in [0, 1).
     */
    private int drawn(int highest) {
        double sum = 0;
        for (float logit : logits) {
            sum += weight(logit, highest);
        }
        double remaining = Seeds.unit(Seeds.fold(draws, position)) * sum;
        int last = highest;
        for (int token = 0; token < logits.length; token++) {
            double weight = weight(logits[token], highest);
            remaining -= weight;
            if (weight > 0) {
                last = token;
            }
            if (remaining < 0) {
                return token;
            }
        }
        // Rounding can leave a small remainder after the last token.
        return last;
    }

    private double weight(float logit, int highest) {
        return logit > Float.NEGATIVE_INFINITY ? Math.exp(logit - logits[highest]) : 0;
    }
}
