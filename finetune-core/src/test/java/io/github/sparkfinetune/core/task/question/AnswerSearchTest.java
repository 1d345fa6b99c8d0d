package io.github.sparkfinetune.core.task.question;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.core.task.question.AnswerSearch.Answer;
import io.github.sparkfinetune.core.task.question.AnswerSearch.Found;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerSearchTest {
    /** Returns logits of the tokens CLS, question, SEP, three context tokens, SEP and padding. */
    private static float[] logits(double... startsAndEnds) {
        float[] logits = new float[startsAndEnds.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) startsAndEnds[i];
        }
        return logits;
    }

    private static final int[] OFFSETS = {-1, -1, -1, -1, -1, -1, 0, 3, 4, 7, 8, 11, -1, -1};

    @Test
    void findsTheBestAnswerWithinTheContext() {
        // The likeliest start lies in the question, the likeliest end before the start; padding has the largest logits.
        float[] logits = logits(1, 2, 9, 0, 0, 0, 1, 8, 5, 3, 0, 2, 7, 9, 99, 99);
        Found found = new AnswerSearch(20, 30).search(List.of(logits), List.of(OFFSETS));
        assertThat(found).isEqualTo(new Found(new Answer(0, 3, 9), 3));
        assertThat(found.preference()).isEqualTo(-6);
        // The longest answer has two tokens.
        float[] wide = logits(0, 0, 0, 0, 0, 0, 5, 0, 1, 0, 0, 5, 0, 0);
        assertThat(new AnswerSearch(20, 30)
                        .search(List.of(wide), List.of(OFFSETS))
                        .best())
                .isEqualTo(new Answer(0, 11, 10));
        assertThat(new AnswerSearch(20, 2)
                        .search(List.of(wide), List.of(OFFSETS))
                        .best())
                .isEqualTo(new Answer(4, 11, 6));
    }

    @Test
    void searchesAllWindowsOfAQuestion() {
        float[] first = logits(4, 4, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0);
        float[] second = logits(1, 1, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0);
        int[] later = {-1, -1, -1, -1, -1, -1, 8, 11, 12, 15, 16, 19, -1, -1};
        // The score of no answer is the lowest of all windows.
        assertThat(new AnswerSearch(20, 30).search(List.of(first, second), List.of(OFFSETS, later)))
                .isEqualTo(new Found(new Answer(12, 15, 6), 2));
    }

    @Test
    void findsNoAnswerWithoutAValidCombination() {
        float[] logits = logits(9, 9, 8, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0);
        Found found = new AnswerSearch(1, 30).search(List.of(logits), List.of(OFFSETS));
        assertThat(found.best()).isNull();
        assertThat(found.preference()).isEqualTo(Double.POSITIVE_INFINITY);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 20, 100})
    void equalsAnExhaustiveSearch(int likeliest) {
        SplittableRandom random = new SplittableRandom(likeliest);
        for (int round = 0; round < 200; round++) {
            int longest = random.nextInt(1, 12);
            List<float[]> logits = new ArrayList<>();
            List<int[]> offsets = new ArrayList<>();
            for (int window = random.nextInt(1, 4); window > 0; window--) {
                int tokens = random.nextInt(2, 30);
                int question = random.nextInt(1, tokens);
                float[] here = new float[2 * tokens + 2 * random.nextInt(0, 5)];
                for (int i = 0; i < here.length; i++) {
                    here[i] = (float) random.nextDouble(-5, 5);
                }
                int[] windowOffsets = new int[2 * tokens];
                for (int token = 0; token < tokens; token++) {
                    boolean outside = token < question || token == tokens - 1;
                    windowOffsets[2 * token] = outside ? -1 : 3 * token;
                    windowOffsets[2 * token + 1] = outside ? -1 : 3 * token + random.nextInt(0, 3);
                }
                logits.add(here);
                offsets.add(windowOffsets);
            }
            assertThat(new AnswerSearch(likeliest, longest).search(logits, offsets))
                    .isEqualTo(plain(logits, offsets, likeliest, longest));
        }
    }

    /**
     * Searches every pair of tokens. A token is among the likeliest if fewer than {@code likeliest} tokens are
     * likelier.
     */
    private static Found plain(List<float[]> logits, List<int[]> offsets, int likeliest, int longest) {
        Answer best = null;
        double none = Double.MAX_VALUE;
        for (int window = 0; window < logits.size(); window++) {
            float[] here = logits.get(window);
            int[] windowOffsets = offsets.get(window);
            none = Math.min(none, (double) here[0] + here[1]);
            for (int first = 0; first < windowOffsets.length / 2; first++) {
                for (int last = first; last < Math.min(windowOffsets.length / 2, first + longest); last++) {
                    boolean inContext = windowOffsets[2 * first] >= 0 && windowOffsets[2 * last] >= 0;
                    boolean hasText = windowOffsets[2 * last + 1] > windowOffsets[2 * first];
                    double score = (double) here[2 * first] + here[2 * last + 1];
                    if (inContext
                            && hasText
                            && likelier(here, windowOffsets.length / 2, first, 0) < likeliest
                            && likelier(here, windowOffsets.length / 2, last, 1) < likeliest
                            && (best == null || score > best.score())) {
                        best = new Answer(windowOffsets[2 * first], windowOffsets[2 * last + 1], score);
                    }
                }
            }
        }
        return new Found(best, none);
    }

    private static int likelier(float[] logits, int tokens, int token, int side) {
        int count = 0;
        for (int other = 0; other < tokens; other++) {
            count += logits[2 * other + side] > logits[2 * token + side] ? 1 : 0;
        }
        return count;
    }
}
