package io.github.sparkfinetune.data.redact.find;

import java.util.List;

/** Model that finds the entities of texts. */
public interface SpanModel {
    /**
     * Finds the entities of texts. The spans of a text depend on the text alone, not on the other texts.
     *
     * @return spans of each text, in the order of the texts; spans of a text share no character
     */
    List<List<Span>> find(List<String> texts);
}
