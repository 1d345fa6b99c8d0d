package io.github.sparkfinetune.core.model;

/**
 * A weight that an architecture asks for.
 *
 * @param name Hugging Face's
 * @param shape extents, outermost first
 */
record Named(String name, long... shape) {}
