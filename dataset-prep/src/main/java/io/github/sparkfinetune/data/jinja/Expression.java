package io.github.sparkfinetune.data.jinja;

/** A node of a template that has a value; evaluated by {@link Scope#value}, which counts, bounds and places errors. */
interface Expression {
    /** Line of the template, from 1. */
    int line();

    Object value(Scope frame);
}
