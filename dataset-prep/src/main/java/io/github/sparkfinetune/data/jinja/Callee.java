package io.github.sparkfinetune.data.jinja;

/**
 * Something that a template can call.
 *
 * @param name how errors name it
 */
record Callee(String name, Body body) {
    /** What it does. */
    interface Body {
        Object call(Run run, Arguments arguments);
    }
}
