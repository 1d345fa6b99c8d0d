package io.github.sparkfinetune.data.tag;

import java.util.List;

/**
 * A row of token classification: words with a tag each, in IOB2 if the tags are of entities.
 *
 * @param words the words
 * @param tags tag of each word; empty for a row to predict
 * @param isSplit true for a row given as words, false for a text
 */
public record TaggedWords(Words words, List<String> tags, boolean isSplit) {
    public TaggedWords {
        tags = List.copyOf(tags);
        if (!tags.isEmpty() && tags.size() != words.size()) {
            throw new IllegalArgumentException(words.size() + " words and " + tags.size() + " tags");
        }
    }

    /** Returns the text. */
    @Override
    public String toString() {
        return words.text();
    }
}
