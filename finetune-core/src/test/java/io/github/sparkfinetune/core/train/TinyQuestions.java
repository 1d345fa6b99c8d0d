package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Window;
import io.github.sparkfinetune.data.task.question.QuestionRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Questions whose answer is always the same two tokens, at a random position of the context. A token of the context is
 * a word of three characters. Every third context has two windows; every fourth question has no answer.
 */
final class TinyQuestions {
    private static final int CLS = 1;
    private static final int QUESTION = 2;
    private static final int ANSWER = 100;
    private static final int FIRST_WORD = 200;
    private static final int WORDS = 150;
    /** Tokens before the context. */
    private static final int HEAD = 3;

    private static final int OVERLAP = 3;

    private TinyQuestions() {}

    static List<Sample> samples(SplittableRandom random, int row) {
        int words = random.nextInt(8, 24);
        int[] context = random.ints(words, FIRST_WORD, FIRST_WORD + WORDS).toArray();
        boolean answerable = row % 4 != 3;
        int at = random.nextInt(0, words - 1);
        if (answerable) {
            context[at] = ANSWER;
            context[at + 1] = ANSWER + 1;
        }
        String text = text(context);
        List<String> answers = answerable ? List.of(text.substring(3 * at, 3 * at + 5)) : List.of();
        QuestionRow question = new QuestionRow("q" + row, "which?", text, answers);
        int half = row % 3 == 2 ? words / 2 + OVERLAP : words;
        List<Sample> samples = new ArrayList<>();
        samples.add(window(context, 0, half, answerable ? at : -1, 0, question.toJson()));
        if (half < words) {
            samples.add(window(context, half - OVERLAP, words, answerable ? at : -1, 1, ""));
        }
        return samples;
    }

    /** Returns the row of a question from its samples. */
    static QuestionRow row(List<Sample> samples) {
        return QuestionRow.of(samples.get(0).window().row());
    }

    private static String text(int[] context) {
        StringBuilder text = new StringBuilder();
        for (int id : context) {
            text.append((char) ('b' + id % 20)).append((char) ('b' + id / 20)).append(' ');
        }
        return text.toString();
    }

    private static Sample window(int[] context, int from, int to, int at, int number, String row) {
        int[] ids = new int[HEAD + to - from];
        int[] types = new int[ids.length];
        int[] offsets = new int[2 * ids.length];
        Arrays.fill(offsets, 0, 2 * HEAD, -1);
        ids[0] = CLS;
        ids[1] = QUESTION;
        ids[2] = QUESTION + 1;
        for (int word = from; word < to; word++) {
            int token = HEAD + word - from;
            ids[token] = context[word];
            types[token] = 1;
            offsets[2 * token] = 3 * word;
            offsets[2 * token + 1] = 3 * word + 2;
        }
        boolean inside = at >= from && at + 1 < to;
        int[] answer = inside ? new int[] {HEAD + at - from, HEAD + at + 1 - from} : new int[2];
        return new Sample(0, ids, types, -1).with(new Window(number, offsets, answer, row));
    }
}
