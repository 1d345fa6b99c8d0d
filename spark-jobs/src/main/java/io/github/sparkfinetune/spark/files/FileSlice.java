package io.github.sparkfinetune.spark.files;

/**
 * Part of a file that one task reads.
 *
 * @param path path of the file
 * @param start offset of the part's first byte
 * @param bytes length of the part
 */
record FileSlice(String path, long start, long bytes) {}
