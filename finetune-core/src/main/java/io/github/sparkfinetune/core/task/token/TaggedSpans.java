package io.github.sparkfinetune.core.task.token;

import io.github.sparkfinetune.data.tag.Iob2;
import io.github.sparkfinetune.data.tag.Words;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Spans of a text with labels. */
final class TaggedSpans {
    private TaggedSpans() {}

    /**
     * A span as a row.
     *
     * @param start its first character, in code points, as in Python and Spark SQL
     * @param end its end, exclusive, in code points
     * @param word its text
     */
    record Span(int start, int end, String word, String label, double score) {}

    /** Returns whether labels are those of entities, {@code B-TYPE} and {@code I-TYPE}. */
    static boolean areOfEntities(List<String> labels) {
        return labels.stream().anyMatch(Iob2::isPrefixed);
    }

    /**
     * Returns entities as the pipeline of {@code transformers} with {@code aggregation_strategy="first"}. A word has
     * the label of its first token. Consecutive words of one type are one entity, which ends before a {@code B-}. The
     * score of an entity is the mean of its words' scores.
     *
     * @param labels names of the model's labels by id
     */
    static List<EntityTagger.Tagged> spans(Words words, WordLogits found, List<String> labels) {
        List<String> tags = found.predicted(labels);
        List<EntityTagger.Tagged> entities = new ArrayList<>();
        int first = 0;
        for (int word = 1; word <= tags.size(); word++) {
            boolean goesOn = word < tags.size()
                    && !Iob2.begins(tags.get(word))
                    && Iob2.type(tags.get(word)).equals(Iob2.type(tags.get(first)));
            if (!goesOn) {
                if (!tags.get(first).equals(Iob2.OUTSIDE)) {
                    entities.add(tagged(words, found, first, word, Iob2.type(tags.get(first))));
                }
                first = word;
            }
        }
        return entities;
    }

    /** Returns {@link #spans} as rows. */
    static List<Span> entities(Words words, WordLogits found, List<String> labels) {
        return spans(words, found, labels).stream()
                .map(span -> row(words.text(), span))
                .toList();
    }

    /** Returns every word with its label as a row. */
    static List<Span> tags(Words words, WordLogits found, List<String> labels) {
        List<String> tags = found.predicted(labels);
        return IntStream.range(0, tags.size())
                .mapToObj(word -> row(words.text(), tagged(words, found, word, word + 1, tags.get(word))))
                .toList();
    }

    private static Span row(String text, EntityTagger.Tagged span) {
        int start = text.codePointCount(0, span.start());
        return new Span(
                start,
                start + text.codePointCount(span.start(), span.end()),
                text.substring(span.start(), span.end()),
                span.label(),
                span.score());
    }

    private static EntityTagger.Tagged tagged(Words words, WordLogits found, int first, int end, String label) {
        double score = 0;
        for (int word = first; word < end; word++) {
            score += found.score(word);
        }
        return new EntityTagger.Tagged(words.starts()[first], words.ends()[end - 1], label, score / (end - first));
    }
}
