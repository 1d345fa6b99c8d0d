package io.github.sparkfinetune.core.task.question;

import io.github.sparkfinetune.conf.QuestionAnsweringConfig;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Search for the best answer to a question in the windows of its context, as {@code postprocess_qa_predictions} in the
 * examples of {@code transformers}. In each window, the {@code n_best_size} most probable first tokens are combined
 * with as many most probable last tokens. A combination is an answer if it lies in the context, is in order and has at
 * most {@code max_answer_length} tokens. The score of an answer is the start logit of its first token plus the end
 * logit of its last token. The score of no answer is the same sum at token 0, the minimum over the windows.
 *
 * @param likeliest number of most probable tokens of a window that are combined
 * @param longest maximum number of tokens of an answer
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
     * @param start index of its start in the context, in UTF-16 units
     * @param end index after its end in the context
     */
    record Answer(int start, int end, double score) {}

    /**
     * Result of a search.
     *
     * @param best best answer, or null if no combination is an answer
     * @param noAnswer score of no answer
     */
    record Found(Answer best, double noAnswer) {
        /** Returns the preference for no answer: its score minus that of the best answer. */
        double preference() {
            return best == null ? Double.POSITIVE_INFINITY : noAnswer - best.score();
        }
    }

    /**
     * Searches the windows of a question.
     *
     * @param logits logits of each window's tokens, [tokens, 2] for start and end, then padding
     * @param offsets offsets of each window's tokens in the context, as in a sample
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
                // Tokens outside the context have negative offsets; a token without characters is not an answer.
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

    /** Returns tokens in descending order of their logits; equal logits keep the order of tokens. */
    private int[] likeliest(float[] logits, int tokens, int side) {
        return IntStream.range(0, tokens)
                .boxed()
                .sorted(Comparator.comparingDouble(token -> -logits[SIDES * token + side]))
                .limit(likeliest)
                .mapToInt(Integer::intValue)
                .toArray();
    }
}
