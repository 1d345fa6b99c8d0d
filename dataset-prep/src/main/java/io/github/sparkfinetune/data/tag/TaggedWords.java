package io.github.sparkfinetune.data.tag;

import java.util.List;

/**
 * A row of token classification: words with a tag each, in IOB2 where they are those of entities.
 *
 * @param words the words
 * @param tags of each word; empty where they are to be predicted
 * @param isSplit whether the row came as words; else as a text
 */
public record TaggedWords(Words words, List<String> tags, boolean isSplit) {
    public TaggedWords {
        tags = List.copyOf(tags);
        if (!tags.isEmpty() && tags.size() != words.size()) {
            throw new IllegalArgumentException(words.size() + " words and " + tags.size() + " tags");
        }
    }

    /** The text. */
    @Override
    public String toString() {
        return words.text();
    }
}
