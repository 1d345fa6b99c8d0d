package io.github.sparkfinetune.spark.corpus;

import io.github.sparkfinetune.data.task.ContentHash;
import java.io.Serializable;

/**
 * A document to compare with others.
 *
 * @param hash of its content: documents with the same one are one document
 * @param text its text
 */
public record HashedText(ContentHash hash, String text) implements Serializable {}
