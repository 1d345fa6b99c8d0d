package io.github.sparkfinetune.core.task.token;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.task.Inference;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.tag.TaggedEncoder;
import io.github.sparkfinetune.data.tag.TaggedWords;
import io.github.sparkfinetune.data.tag.Words;
import java.util.List;

/**
 * Finds the entities of a text by a token classifier, as {@code predict} does, but computes each window alone: in a
 * batch, the last bits of the logits depend on the other windows. Not for concurrent use.
 *
 * @param manager owner of a computation's tensors
 * @param model the classifier
 * @param labels names of its labels by id
 * @param encoder cuts texts into windows
 */
public record EntityTagger(NDManager manager, Model model, List<String> labels, TaggedEncoder encoder) {
    /**
     * Words of a text with one label.
     *
     * @param start first UTF-16 unit
     * @param end unit after the last
     * @param label type of the entity, a label without B- and I-
     * @param score mean of the words' probabilities
     */
    public record Tagged(int start, int end, String label, double score) {}

    /** Returns the entities of a text in their order. */
    public List<Tagged> find(String text) {
        Words words = Words.found(text);
        List<Sample> windows = encoder.encode(new TaggedWords(words, List.of(), false), new int[words.size()]);
        // A text without a token has no window.
        if (windows.isEmpty()) {
            return List.of();
        }
        float[][] logits = windows.stream()
                .map(window -> Inference.logits(manager, model, List.of(window), 1)[0])
                .toArray(float[][]::new);
        return TaggedSpans.spans(
                Words.parse(windows.get(0).window().row()),
                WordLogits.ofRows(windows, logits, labels.size()).get(0),
                labels);
    }
}
