package io.github.sparkfinetune.data.corpus;

/** Rules by which a document is kept or left out. Not for concurrent use. */
interface DocumentFilter {

    /**
     * Looks at a document, and may change it.
     *
     * @return null where it is kept, else the name of the rule's threshold, below the filter's
     */
    String rejects(DocumentText document);
}
