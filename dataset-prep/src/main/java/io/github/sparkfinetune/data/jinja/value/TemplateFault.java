package io.github.sparkfinetune.data.jinja.value;

/** Something wrong in a template, or with what it was given; {@code ChatTemplate} turns it into the user's error. */
public final class TemplateFault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;

    /** A fault at a line of the template that whoever catches it knows. */
    public TemplateFault(String message) {
        this(message, 0);
    }

    public TemplateFault(String message, int line) {
        super(message);
        this.line = line;
    }

    /** This fault, at {@code line} unless a more exact line is known already. */
    public TemplateFault at(int otherLine) {
        if (line > 0) {
            return this;
        }
        TemplateFault placed = new TemplateFault(getMessage(), otherLine);
        placed.initCause(this);
        return placed;
    }

    /** Line of the template, from 1; 0 where it is not known. */
    public int line() {
        return line;
    }
}
