package io.github.sparkfinetune.data.jinja;

/** A node of a template that does something; run by {@link Scope#run}, which counts, bounds and places errors. */
interface Statement {
    /** What comes after a statement. */
    enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    /** Line of the template, from 1. */
    int line();

    Flow run(Scope frame);
}
