package io.github.sparkfinetune.core.task.question;

import io.github.sparkfinetune.conf.QuestionAnsweringConfig;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Finds the best answer to a question in the windows of its context, as {@code postprocess_qa_predictions} of the
 * examples of {@code transformers}: of each window the {@code n_best_size} likeliest first tokens are combined with as
 * many likeliest last ones, of which those are answers that lie in the context, in order, and are at most
 * {@code max_answer_length} tokens long. The score of an answer is the sum of its first token's start logit and its
 * last one's end logit; that of no answer the same sum at token 0, the least of all windows.
 *
 * @param likeliest tokens of a window that are combined
 * @param longest answer in tokens
 */
record AnswerSearch(int likeliest, int longest) {
    private static final int START = 0;
    private static final int END = 1;
    private static final int SIDES = 2;

    static AnswerSearch of(QuestionAnsweringConfig settings) {
        return new AnswerSearch(settings.nBestSize(), settings.maxAnswerLength());
    }

    /**
     * An answer.
     *
     * @param start where it begins in its context, in UTF-16 units
     * @param end where it ends, exclusive
     */
    record Answer(int start, int end, double score) {}

    /**
     * What was found.
     *
     * @param best the best answer, or null where no combination is one
     * @param noAnswer score of none
     */
    record Found(Answer best, double noAnswer) {
        /** How much better it is to give no answer. */
        double preference() {
            return best == null ? Double.POSITIVE_INFINITY : noAnswer - best.score();
        }
    }

    /**
     * Searches the windows of a question.
     *
     * @param logits of each window's tokens, a start and an end each; what is behind them is padding
     * @param offsets of each window's tokens in the context, as a sample has them
     */
    Found search(List<float[]> logits, List<int[]> offsets) {
        Answer best = null;
        double noAnswer = Double.POSITIVE_INFINITY;
        for (int window = 0; window < logits.size(); window++) {
            float[] here = logits.get(window);
            noAnswer = Math.min(noAnswer, (double) here[START] + here[END]);
            best = better(best, here, offsets.get(window));
        }
        return new Found(best, noAnswer);
    }

    private Answer better(Answer before, float[] logits, int[] offsets) {
        Answer best = before;
        int[] ends = likeliest(logits, offsets.length / SIDES, END);
        for (int first : likeliest(logits, offsets.length / SIDES, START)) {
            for (int last : ends) {
                int start = offsets[SIDES * first];
                int end = offsets[SIDES * last + 1];
                // Outside of the context there are no offsets; a token of no characters is no answer.
                if (start < 0 || end <= start || last < first || last - first >= longest) {
                    continue;
                }
                double score = (double) logits[SIDES * first + START] + logits[SIDES * last + END];
                if (best == null || score > best.score()) {
                    best = new Answer(start, end, score);
                }
            }
        }
        return best;
    }

    /** Tokens by falling logit, of equal ones the first first. */
    private int[] likeliest(float[] logits, int tokens, int side) {
        return IntStream.range(0, tokens)
                .boxed()
                .sorted(Comparator.comparingDouble(token -> -logits[SIDES * token + side]))
                .limit(likeliest)
                .mapToInt(Integer::intValue)
                .toArray();
    }
}
