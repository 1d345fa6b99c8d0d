package io.github.sparkfinetune.data.jinja.value;

/**
 * Remaining limits of one rendering. They keep a template from running forever, filling the memory or overflowing the
 * stack.
 */
public final class Limits {
    /** Most steps: nodes evaluated, elements visited, and every 16 characters of text made. */
    static final int MAX_STEPS = 10_000_000;
    /** Most characters of the output, and of any intermediate text. */
    static final int MAX_TEXT = 16_000_000;
    /** Deepest nesting of evaluations: expressions, blocks, macro calls, values in values. */
    static final int MAX_DEPTH = 500;

    private int steps;
    private int depth;

    /** Counts a step. */
    public void step() {
        steps(1);
    }

    /** Counts several steps. */
    void steps(int count) {
        if (count > MAX_STEPS - steps) {
            throw new TemplateFault("it takes more than " + MAX_STEPS + " steps: does it loop forever?");
        }
        steps += count;
    }

    /** Counts a step and a nesting level; call {@link #leave()} in a finally block. */
    public void enter() {
        step();
        if (++depth > MAX_DEPTH) {
            depth--;
            throw new TemplateFault("it is nested more than " + MAX_DEPTH + " levels deep: does it recurse forever?");
        }
    }

    public void leave() {
        depth--;
    }

    /** Checks the length of a text before it is made. */
    public void text(long length) {
        if (length > MAX_TEXT) {
            throw new TemplateFault("it makes a text of more than " + MAX_TEXT + " characters");
        }
        steps((int) length / 16);
    }

    /** Checks the number of elements of a list before it is made. */
    public void list(long length) {
        if (length > MAX_STEPS) {
            throw new TemplateFault("it makes a list of more than " + MAX_STEPS + " elements");
        }
        steps((int) length);
    }

    /** Appends to the output or a captured block, within the limit. */
    public void append(StringBuilder to, String text) {
        if ((long) to.length() + text.length() > MAX_TEXT) {
            text((long) to.length() + text.length());
        }
        text(text.length());
        to.append(text);
    }
}
