package io.github.sparkfinetune.spark.corpus;

import io.github.sparkfinetune.data.task.ContentHash;
import java.io.Serializable;

/**
 * A document to compare with other documents.
 *
 * @param hash content hash; documents with the same hash are one document
 * @param text text of the document
 */
public record HashedText(ContentHash hash, String text) implements Serializable {}
