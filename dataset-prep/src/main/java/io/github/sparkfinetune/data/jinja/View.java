package io.github.sparkfinetune.data.jinja;

import java.util.List;

/**
 * Python's views of a dict and its {@code range}: they have a length and can be iterated over and over.
 *
 * @param type Python's name of the type
 */
record View(String type, List<Object> items) {}
