package io.github.sparkfinetune.core.generate;

import io.github.sparkfinetune.conf.GenerationConfig;
import java.util.BitSet;

/**
 * Processing of the next token's logits as in Hugging Face's {@code generate}, in its order:
 * {@code repetition_penalty}, then, if tokens are drawn, {@code temperature}, {@code top_k} and {@code top_p}. Excluded
 * tokens get -∞. An instance has its own work space, so only one thread may use it at a time.
 */
final class LogitsProcessing {
    private final GenerationConfig config;
    private final Ranking ranking;

    LogitsProcessing(GenerationConfig config, int vocabulary) {
        this.config = config;
        this.ranking = new Ranking(vocabulary);
    }

    /**
     * Changes logits in place.
     *
     * @param logits logits of the whole vocabulary
     * @param tokens tokens of the prompt and of the answer so far
     */
    void apply(float[] logits, BitSet tokens) {
        if (config.repetitionPenalty() != 1) {
            penalise(logits, tokens, (float) config.repetitionPenalty());
        }
        if (!config.doSample()) {
            return;
        }
        if (config.temperature() != 1) {
            float temperature = (float) config.temperature();
            for (int token = 0; token < logits.length; token++) {
                logits[token] /= temperature;
            }
        }
        if (config.topK() > 0) {
            keepHighest(logits, config.topK());
        }
        if (config.topP() < 1) {
            keepProbable(logits, config.topP());
        }
    }

    private static void penalise(float[] logits, BitSet tokens, float penalty) {
        for (int token = tokens.nextSetBit(0); token >= 0; token = tokens.nextSetBit(token + 1)) {
            logits[token] = logits[token] < 0 ? logits[token] * penalty : logits[token] / penalty;
        }
    }

    /** Keeps the k highest logits, and further logits that equal the lowest of them. */
    private void keepHighest(float[] logits, int k) {
        ranking.load(logits);
        if (k >= ranking.size()) {
            return;
        }
        float lowestKept = ranking.highest(k);
        for (int token = 0; token < logits.length; token++) {
            if (logits[token] < lowestKept) {
                logits[token] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    /** Removes the lowest logits while their probabilities add up to at most 1 - p. The highest logit stays. */
    private void keepProbable(float[] logits, double p) {
        ranking.load(logits);
        int removed = ranking.lowest((float) (1 - p));
        for (int i = 0; i < removed; i++) {
            logits[ranking.token(i)] = Float.NEGATIVE_INFINITY;
        }
    }
}
