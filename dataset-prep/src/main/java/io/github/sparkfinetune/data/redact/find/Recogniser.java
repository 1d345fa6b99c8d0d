package io.github.sparkfinetune.data.redact.find;

import java.util.List;

/** Finds the entities of one kind in a text. Not for concurrent use. */
interface Recogniser {
    /**
     * Adds the spans of a text, in their order and without overlap with each other.
     *
     * @param found spans of the recognisers before
     */
    void find(ScannedText text, List<Span> found);
}
