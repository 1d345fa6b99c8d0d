package io.github.sparkfinetune.core.task.token;

import io.github.sparkfinetune.core.metric.Softmax;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Logits of the words of a row: those of each word's first token, from the window that has its label.
 *
 * @param labels label id of each word
 * @param logits logits of each word, [classes]
 */
record WordLogits(List<Integer> labels, List<float[]> logits) {

    /**
     * Returns the rows of windows.
     *
     * @param windows windows; those of a row are consecutive
     * @param logits logits of each window, [tokens, classes], then padding
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

    /** Returns the number of words. */
    int size() {
        return labels.size();
    }

    /** Returns the names of the words' labels. */
    List<String> tags(List<String> names) {
        return labels.stream().map(names::get).toList();
    }

    /** Returns the names of the words' most probable labels. */
    List<String> predicted(List<String> names) {
        return logits.stream().map(word -> names.get(Softmax.argmax(word))).toList();
    }

    /** Returns the probability of a word's most probable label. */
    double score(int word) {
        return Softmax.probabilities(logits.get(word))[Softmax.argmax(logits.get(word))];
    }

    /** Returns the sum of the words' cross-entropies, in nats. */
    double loss() {
        double sum = 0;
        for (int word = 0; word < size(); word++) {
            sum += Softmax.crossEntropy(logits.get(word), labels.get(word));
        }
        return sum;
    }
}
