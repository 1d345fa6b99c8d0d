package io.github.sparkfinetune.core.task.token;

import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.tag.TaggedEncoder;
import io.github.sparkfinetune.data.tag.TaggedWords;
import io.github.sparkfinetune.data.tag.Words;
import java.util.List;

/** Finds the entities of a text by the logits of a token classifier, as {@code predict} does. */
public final class EntityTagger {
    private EntityTagger() {}

    /**
     * Words of a text with one label.
     *
     * @param start first UTF-16 unit
     * @param end unit after the last
     * @param label type of the entity, a label without B- and I-
     * @param score mean of the words' probabilities
     */
    public record Tagged(int start, int end, String label, double score) {}

    /** Returns the windows of a text; a text without a token has none. */
    public static List<Sample> windows(TaggedEncoder encoder, String text) {
        Words words = Words.found(text);
        return encoder.encode(new TaggedWords(words, List.of(), false), new int[words.size()]);
    }

    /**
     * Returns the entities of a text in their order.
     *
     * @param windows windows of the text
     * @param logits logits of each window, [tokens, classes]
     * @param labels names of the classifier's labels by id
     */
    public static List<Tagged> entities(List<Sample> windows, float[][] logits, List<String> labels) {
        if (windows.isEmpty()) {
            return List.of();
        }
        return TaggedSpans.spans(
                Words.parse(windows.get(0).window().row()),
                WordLogits.ofRows(windows, logits, labels.size()).get(0),
                labels);
    }
}
