package io.github.sparkfinetune.extra.audit;

/**
 * Row whose label a person shall check or choose.
 *
 * @param hash {@link io.github.sparkfinetune.data.task.ContentHash} of the texts, as hexadecimal digits
 * @param text text
 * @param pair second text; null if rows have one text
 * @param given label that the row has; null if it has none
 * @param suggested most probable label
 * @param probability its probability
 */
record Question(String hash, String text, String pair, String given, String suggested, double probability) {}
