package io.github.sparkfinetune.core.task.token;

import io.github.sparkfinetune.core.metric.Softmax;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a model says of the words of a row: the logits of their first tokens, each from the window that has its label.
 *
 * @param labels id of each word's label
 * @param logits of each word [classes]
 */
record WordLogits(List<Integer> labels, List<float[]> logits) {

    /**
     * The rows of windows.
     *
     * @param windows those of a row one after the other
     * @param logits of each window, [tokens, classes] and whatever padding comes after
     * @param classes number of labels
     */
    static List<WordLogits> ofRows(List<Sample> windows, float[][] logits, int classes) {
        List<WordLogits> rows = new ArrayList<>();
        int window = 0;
        for (List<Sample> ofRow : Sample.rows(windows)) {
            WordLogits row = new WordLogits(new ArrayList<>(), new ArrayList<>());
            for (Sample sample : ofRow) {
                row.add(sample, logits[window++], classes);
            }
            rows.add(row);
        }
        return rows;
    }

    private void add(Sample window, float[] ofTokens, int classes) {
        for (int t = 0; t < window.length(); t++) {
            if (window.labels()[t] != Sample.IGNORED) {
                labels.add(window.labels()[t]);
                logits.add(Arrays.copyOfRange(ofTokens, t * classes, (t + 1) * classes));
            }
        }
    }

    /** Number of words. */
    int size() {
        return labels.size();
    }

    /** Names of the words' labels. */
    List<String> tags(List<String> names) {
        return labels.stream().map(names::get).toList();
    }

    /** Names of the words' likeliest labels. */
    List<String> predicted(List<String> names) {
        return logits.stream().map(word -> names.get(Softmax.argmax(word))).toList();
    }

    /** Probability of a word's likeliest label. */
    double score(int word) {
        return Softmax.probabilities(logits.get(word))[Softmax.argmax(logits.get(word))];
    }

    /** Sum of the words' cross-entropies, in nats. */
    double loss() {
        double sum = 0;
        for (int word = 0; word < size(); word++) {
            sum += Softmax.crossEntropy(logits.get(word), labels.get(word));
        }
        return sum;
    }
}
