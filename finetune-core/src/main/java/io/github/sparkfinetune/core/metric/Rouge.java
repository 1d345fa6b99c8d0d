package io.github.sparkfinetune.core.metric;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * ROUGE (Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004) as computed by Google's rouge_score
 * 0.1.2. Tokens are the runs of a-z and 0-9 in the lower-case text. Tokens longer than 3 characters are stemmed.
 */
public final class Rouge {
    private static final Pattern OTHER = Pattern.compile("[^a-z0-9]+");
    private static final int[][] EMPTY = {};

    private final boolean stems;

    /**
     * Creates a scorer.
     *
     * @param stems whether words are compared by their stems ({@code use_stemmer})
     */
    public Rouge(boolean stems) {
        this.stems = stems;
    }

    /**
     * Overlap of a target and a prediction.
     *
     * @param precision share of the prediction's units that are in the target
     * @param recall share of the target's units that are in the prediction
     * @param f1 harmonic mean of both, 0 if both are 0
     */
    public record Score(double precision, double recall, double f1) {
        private static Score of(int hits, int predicted, int target) {
            double precision = (double) hits / Math.max(predicted, 1);
            double recall = (double) hits / Math.max(target, 1);
            double sum = precision + recall;
            return new Score(precision, recall, sum > 0 ? 2 * precision * recall / sum : 0);
        }
    }

    /**
     * Scores of a prediction.
     *
     * @param rouge1 score of words
     * @param rouge2 score of pairs of adjacent words
     * @param rougeL score of the longest common subsequence of the whole texts
     * @param rougeLsum score of the union of each target line's longest common subsequences with all predicted lines
     */
    public record Scores(Score rouge1, Score rouge2, Score rougeL, Score rougeLsum) {}

    /** Scores a prediction. */
    public Scores score(String target, String prediction) {
        List<String> expected = tokens(target);
        List<String> predicted = tokens(prediction);
        return new Scores(
                ngrams(expected, predicted, 1),
                ngrams(expected, predicted, 2),
                Score.of(subsequence(expected, predicted).cardinality(), predicted.size(), expected.size()),
                summary(lines(target), lines(prediction)));
    }

    private List<String> tokens(String text) {
        List<String> tokens = new ArrayList<>();
        for (String token : OTHER.split(text.toLowerCase(Locale.ROOT), -1)) {
            if (!token.isEmpty()) {
                tokens.add(stems && token.length() > 3 ? PorterStemmer.stem(token) : token);
            }
        }
        return tokens;
    }

    private List<List<String>> lines(String text) {
        return Arrays.stream(text.split("\n", -1)).map(this::tokens).toList();
    }

    private static Score ngrams(List<String> target, List<String> prediction, int n) {
        Map<List<String>, Integer> left = new HashMap<>();
        int predicted = Math.max(prediction.size() - n + 1, 0);
        for (int i = 0; i < predicted; i++) {
            left.merge(prediction.subList(i, i + n), 1, Integer::sum);
        }
        int hits = 0;
        int expected = Math.max(target.size() - n + 1, 0);
        for (int i = 0; i < expected; i++) {
            hits += take(left, target.subList(i, i + n)) ? 1 : 0;
        }
        return Score.of(hits, predicted, expected);
    }

    private static Score summary(List<List<String>> target, List<List<String>> prediction) {
        Map<String, Integer> left = new HashMap<>();
        prediction.forEach(line -> line.forEach(word -> left.merge(word, 1, Integer::sum)));
        int hits = 0;
        for (List<String> line : target) {
            BitSet union = new BitSet();
            prediction.forEach(other -> union.or(subsequence(line, other)));
            // As in ROUGE 1.5.5, a predicted word counts once, even if several target lines contain it.
            for (int i = union.nextSetBit(0); i >= 0; i = union.nextSetBit(i + 1)) {
                hits += take(left, line.get(i)) ? 1 : 0;
            }
        }
        return Score.of(hits, words(prediction), words(target));
    }

    private static <T> boolean take(Map<T, Integer> counts, T unit) {
        int count = counts.getOrDefault(unit, 0);
        if (count > 0) {
            counts.put(unit, count - 1);
        }
        return count > 0;
    }

    private static int words(List<List<String>> lines) {
        return lines.stream().mapToInt(List::size).sum();
    }

    /**
     * Returns target indices of a longest common subsequence; of several, the one that rouge_score's backtracking
     * finds.
     */
    private static BitSet subsequence(List<String> target, List<String> prediction) {
        int[][] longest = lengths(target, prediction);
        BitSet indices = new BitSet();
        int i = target.size();
        int j = prediction.size();
        while (i > 0 && j > 0) {
            if (target.get(i - 1).equals(prediction.get(j - 1))) {
                indices.set(--i);
                j--;
            } else if (longest[i][j - 1] > longest[i - 1][j]) {
                j--;
            } else {
                i--;
            }
        }
        return indices;
    }

    /** {@code [i][j]}: length of the longest common subsequence of the first i and the first j words. */
    private static int[][] lengths(List<String> target, List<String> prediction) {
        if (target.isEmpty() || prediction.isEmpty()) {
            return EMPTY;
        }
        int[][] longest = new int[target.size() + 1][prediction.size() + 1];
        for (int i = 1; i < longest.length; i++) {
            for (int j = 1; j < longest[i].length; j++) {
                longest[i][j] = target.get(i - 1).equals(prediction.get(j - 1))
                        ? longest[i - 1][j - 1] + 1
                        : Math.max(longest[i - 1][j], longest[i][j - 1]);
            }
        }
        return longest;
    }
}
