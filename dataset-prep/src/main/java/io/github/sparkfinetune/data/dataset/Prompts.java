package io.github.sparkfinetune.data.dataset;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a model is asked to generate to be measured on held-out samples, derived from the samples. */
public final class Prompts {
    private Prompts() {}

    /**
     * One prompt and its answer.
     *
     * @param document its place among the sample's documents
     * @param inputIds tokens before the answer
     * @param answerIds tokens of the answer, its end token included
     */
    public record Prompt(int document, int[] inputIds, int[] answerIds) {}

    /**
     * The first answer of each of a sample's documents: the first tokens in a row that have labels, and what comes
     * before them. A document whose first token has a label, as every text of {@code causal-lm}, asks nothing; one that
     * continues another sample's, under wrapped packing, mostly does not know what was asked.
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
