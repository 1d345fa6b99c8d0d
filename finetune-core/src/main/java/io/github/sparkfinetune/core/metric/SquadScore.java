package io.github.sparkfinetune.core.metric;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;

/**
 * Score of an answer, as in the evaluation script of SQuAD 2.0. If the data has several answers, the best match counts.
 * Answers without words are ignored. If no answer of the data has words, an answer without words is right.
 *
 * @param answerable whether the data has an answer
 * @param answered whether the model has an answer, even if only punctuation
 * @param exact 1 if the words are those of the data's answer, else 0
 * @param f1 harmonic mean of the share of the model's words in the data's answer, and of the share of the data's words
 *     in the model's answer. If either has no words, 1 if both have none, else 0
 */
public record SquadScore(boolean answerable, boolean answered, double exact, double f1) {
    /** Python's {@code string.punctuation}. */
    private static final Pattern PUNCTUATION = Pattern.compile("[!-/:-@\\[-`{-~]");
    /** An article that touches no letter or number in Python's sense, so that it is a word. */
    private static final Pattern ARTICLE = Pattern.compile("(?<![\\p{L}\\p{N}])(a|an|the)(?![\\p{L}\\p{N}])");
    /** Separators of Python's {@code split()}. */
    private static final Pattern SPACE = Pattern.compile("[\\s\\x1c-\\x1f\\x85\\p{Z}]+");

    /**
     * Scores an answer.
     *
     * @param answer answer of the model, "" for none
     * @param golds answers of the data, empty if the question has none
     */
    public static SquadScore of(String answer, List<String> golds) {
        List<String> words = words(answer);
        return new SquadScore(
                !golds.isEmpty(),
                !answer.isEmpty(),
                best(golds, gold -> gold.equals(words) ? 1 : 0),
                best(golds, gold -> f1(words, gold)));
    }

    /**
     * Returns a text in lower case, without ASCII punctuation and articles, with single spaces
     * ({@code normalize_answer}).
     */
    static String normalise(String text) {
        return String.join(" ", words(text));
    }

    private static double best(List<String> golds, ToDoubleFunction<List<String>> score) {
        return golds.stream()
                .map(SquadScore::words)
                .filter(words -> !words.isEmpty())
                .mapToDouble(score)
                .max()
                .orElseGet(() -> score.applyAsDouble(List.of()));
    }

    private static double f1(List<String> answer, List<String> gold) {
        if (answer.isEmpty() || gold.isEmpty()) {
            return answer.equals(gold) ? 1 : 0;
        }
        List<String> left = new ArrayList<>(gold);
        double common = answer.stream().filter(left::remove).count();
        double precision = common / answer.size();
        double recall = common / gold.size();
        return common == 0 ? 0 : 2 * precision * recall / (precision + recall);
    }

    private static List<String> words(String text) {
        String bare = PUNCTUATION.matcher(text.toLowerCase(Locale.ROOT)).replaceAll("");
        return Arrays.stream(SPACE.split(ARTICLE.matcher(bare).replaceAll(" "), -1))
                .filter(word -> !word.isEmpty())
                .toList();
    }
}
