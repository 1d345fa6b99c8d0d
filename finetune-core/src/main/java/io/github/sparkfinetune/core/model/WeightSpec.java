package io.github.sparkfinetune.core.model;

/**
 * A weight that an architecture asks for.
 *
 * @param name Hugging Face's
 * @param shape extents, outermost first
 */
record WeightSpec(String name, long... shape) {
    private static final String WEIGHT = ".weight";

    /** The module whose weight it is, or nothing for a bias. */
    String module() {
        return name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : "";
    }
}
