package io.github.sparkfinetune.data.corpus;

/** Rules that keep or reject a document. Not for concurrent use. */
interface DocumentFilter {

    /**
     * Examines a document, and may change its text.
     *
     * @return null if the document is kept, else the name of the threshold that rejects it, below the filter's key
     */
    String rejects(DocumentText document);
}
