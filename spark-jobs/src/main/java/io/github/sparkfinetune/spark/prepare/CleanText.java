package io.github.sparkfinetune.spark.prepare;

/**
 * A cleaned text, or pair of texts.
 *
 * @param pair the second text, or null
 */
record CleanText(String text, String pair) {}
