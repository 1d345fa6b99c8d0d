package io.github.sparkfinetune.spark.prepare.generation;

import java.io.Serializable;

/**
 * Document that no file of the sources holds any more.
 *
 * @param generation generation that wrote its samples
 * @param split index of its split
 * @param position first half of its identity, which decides its shard
 * @param pieces {@link RowPieces} of its row
 */
public record GoneDocument(int generation, int split, long position, long[] pieces) implements Serializable {}
