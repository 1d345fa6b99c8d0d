package io.github.sparkfinetune.spark.files;

import java.io.Serializable;

/**
 * File of a source.
 *
 * @param path path of the file
 * @param bytes length of the file
 * @param time time of modification in milliseconds
 */
public record ListedFile(String path, long bytes, long time) implements Serializable {}
