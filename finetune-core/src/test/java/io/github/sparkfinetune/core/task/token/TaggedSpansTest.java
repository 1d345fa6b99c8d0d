package io.github.sparkfinetune.core.task.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Window;
import io.github.sparkfinetune.data.tag.Words;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class TaggedSpansTest {
    private static final List<String> LABELS = List.of("B-A", "B-C", "I-A", "I-C", "O");
    private static final Words WORDS =
            new Words("\ud83d\ude00 a b c d", new int[] {0, 3, 5, 7, 9}, new int[] {2, 4, 6, 8, 10});

    /** Returns logits of words that are predicted as the labels. */
    private static WordLogits predicted(int... labels) {
        List<float[]> logits = new ArrayList<>();
        for (int label : labels) {
            float[] word = new float[LABELS.size()];
            word[label] = 2;
            logits.add(word);
        }
        return new WordLogits(Arrays.stream(labels).boxed().toList(), logits);
    }

    @Test
    void mergesRunsOfATypeIntoEntities() {
        List<TaggedSpans.Span> found = TaggedSpans.entities(WORDS, predicted(0, 2, 0, 3, 4), LABELS);
        double score = Math.exp(2) / (Math.exp(2) + 4);
        assertThat(found).hasSize(3);
        // Positions count code points: the first character has two UTF-16 units.
        assertThat(found.get(0)).isEqualTo(span(found.get(0), 0, 3, "\ud83d\ude00 a", "A"));
        assertThat(found.get(0).score()).isCloseTo(score, within(1e-12));
        assertThat(found.get(1)).isEqualTo(span(found.get(1), 4, 5, "b", "A"));
        // An entity may begin with I.
        assertThat(found.get(2)).isEqualTo(span(found.get(2), 6, 7, "c", "C"));
        assertThat(TaggedSpans.entities(WORDS, predicted(4, 4, 4, 4, 4), LABELS))
                .isEmpty();
        TaggedSpans.Span last =
                TaggedSpans.entities(WORDS, predicted(4, 4, 4, 1, 3), LABELS).get(0);
        assertThat(last).isEqualTo(span(last, 6, 9, "c d", "C"));
    }

    /** Returns a span with the score of another. */
    private static TaggedSpans.Span span(TaggedSpans.Span scored, int start, int end, String word, String label) {
        return new TaggedSpans.Span(start, end, word, label, scored.score());
    }

    @Test
    void tagsEveryWordWithLabelsOtherThanEntities() {
        assertThat(TaggedSpans.areOfEntities(LABELS)).isTrue();
        List<String> partsOfSpeech = List.of("DT", "NN", "O", "VB", "X");
        assertThat(TaggedSpans.areOfEntities(partsOfSpeech)).isFalse();
        List<TaggedSpans.Span> found = TaggedSpans.tags(WORDS, predicted(0, 1, 1, 2, 3), partsOfSpeech);
        assertThat(found).hasSize(5);
        assertThat(found.get(2)).isEqualTo(span(found.get(2), 4, 5, "b", "NN"));
        assertThat(found.get(3)).isEqualTo(span(found.get(3), 6, 7, "c", "O"));
    }

    @Test
    void joinsTheWindowsOfARow() {
        Sample first = new Sample(0, new int[] {1, 2, 3}, new int[3], -1).withLabels(-100, 1, -100);
        Sample second = new Sample(1, new int[] {1, 2}, new int[2], -1)
                .withLabels(0, 1)
                .with(new Window(1, new int[0], new int[0], ""));
        Sample other = new Sample(2, new int[] {1}, new int[1], -1).withLabels(0);
        // The second sample is padded.
        float[][] logits = {{9, 9, 0, 3, 9, 9}, {1, 0, 5, 0, 9, 9}, {2, 0}};
        List<WordLogits> rows = WordLogits.ofRows(List.of(first, second, other), logits, 2);
        assertThat(rows).hasSize(2);
        assertThat(rows.get(0).tags(List.of("a", "b"))).containsExactly("b", "a", "b");
        assertThat(rows.get(0).predicted(List.of("a", "b"))).containsExactly("b", "a", "a");
        assertThat(rows.get(0).loss())
                .isCloseTo(
                        Math.log(1 + Math.exp(-3)) + Math.log(1 + Math.exp(-1)) + Math.log(1 + Math.exp(5)),
                        within(1e-6));
        assertThat(rows.get(1).size()).isEqualTo(1);
    }
}
