package io.github.sparkfinetune.data.dataset;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Prompts and answers taken from held-out samples, to measure generated text. */
public final class Prompts {
    private Prompts() {}

    /**
     * A prompt and its answer.
     *
     * @param document place of the document in the sample
     * @param inputIds tokens before the answer
     * @param answerIds tokens of the answer, including its end token
     */
    public record Prompt(int document, int[] inputIds, int[] answerIds) {}

    /**
     * Returns the first answer of each document of a sample: the first run of tokens with labels, and the tokens before
     * it.
     *
     * <p>A document whose first token has a label has no prompt, as every text of {@code causal-lm}. Under wrapped
     * packing, a document that continues the previous sample mostly lacks the question.
     */
    public static List<Prompt> of(Sample sample) {
        List<Prompt> prompts = new ArrayList<>();
        if (sample.labels().length == 0) {
            return prompts;
        }
        int from = 0;
        for (int document = 0; document < sample.documents().length; document++) {
            int to = from + sample.documents()[document];
            int answer = from;
            while (answer < to && sample.labels()[answer] == Sample.IGNORED) {
                answer++;
            }
            int end = answer;
            while (end < to && sample.labels()[end] != Sample.IGNORED) {
                end++;
            }
            if (answer > from && end > answer) {
                prompts.add(new Prompt(
                        document,
                        Arrays.copyOfRange(sample.inputIds(), from, answer),
                        Arrays.copyOfRange(sample.inputIds(), answer, end)));
            }
            from = to;
        }
        return prompts;
    }
}
