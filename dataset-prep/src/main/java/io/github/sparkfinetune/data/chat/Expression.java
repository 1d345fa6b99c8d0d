package io.github.sparkfinetune.data.chat;

/** A node of a template that has a value; evaluated by {@link Frame#value}, which counts, bounds and places errors. */
interface Expression {
    /** Line of the template, from 1. */
    int line();

    Object value(Frame frame);
}
