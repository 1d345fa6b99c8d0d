package io.github.sparkfinetune.core.generate;

import io.github.sparkfinetune.conf.GenerationConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.dataset.Seeds;
import java.nio.FloatBuffer;
import java.util.BitSet;

/**
 * Chooses the tokens of an answer from the model's logits: the highest, or one drawn by its probability, after
 * {@link LogitsProcessing}. What is drawn depends on the seed, the sample and the position in the answer, and on
 * nothing else: not on the batch, the rank or what was drawn before.
 */
public final class TokenChooser {
    private final GenerationConfig config;
    private final LogitsProcessing processing;
    private final float[] logits;
    private final BitSet tokens = new BitSet();
    private final long draws;
    private int position;

    /**
     * The chooser of one answer.
     *
     * @param vocabulary number of logits
     * @param seed of the run
     * @param sample index of the sample that is answered
     * @param prompt its token ids without padding, below {@code vocabulary}
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
     * The next token of the answer.
     *
     * @param next logits of the whole vocabulary, from the buffer's position to its limit; left as they are
     * @throws RunException when one of them is not a finite number
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

    /** Token of the highest logit, the first of equals. */
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

    /** The token up to which, in the order of the ids, the softmax adds up to more than a random part of 1. */
    private int drawn(int highest) {
        double sum = 0;
        for (float logit : logits) {
            sum += weight(logit, highest);
        }
        double left = Seeds.unit(Seeds.fold(draws, position)) * sum;
        int last = highest;
        for (int token = 0; token < logits.length; token++) {
            double weight = weight(logits[token], highest);
            left -= weight;
            if (weight > 0) {
                last = token;
            }
            if (left < 0) {
                return token;
            }
        }
        // Rounding can leave a trace behind the last of them.
        return last;
    }

    private double weight(float logit, int highest) {
        return logit > Float.NEGATIVE_INFINITY ? Math.exp(logit - logits[highest]) : 0;
    }
}
