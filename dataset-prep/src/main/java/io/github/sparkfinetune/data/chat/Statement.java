package io.github.sparkfinetune.data.chat;

/** A node of a template that does something; run by {@link Frame#run}, which counts, bounds and places errors. */
interface Statement {
    /** What comes after a statement. */
    enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    /** Line of the template, from 1. */
    int line();

    Flow run(Frame frame);
}
