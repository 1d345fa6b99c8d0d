package io.github.sparkfinetune.data.jinja.value;

/** Error in a template or in its input; {@code ChatTemplate} turns it into an error for the user. */
public final class TemplateFault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;

    /** Creates a fault without a line, which the catcher adds. */
    public TemplateFault(String message) {
        this(message, 0);
    }

    public TemplateFault(String message, int line) {
        super(message);
        this.line = line;
    }

    /** Returns this fault at {@code line}, unless it has a line already. */
    public TemplateFault at(int otherLine) {
        if (line > 0) {
            return this;
        }
        TemplateFault placed = new TemplateFault(getMessage(), otherLine);
        placed.initCause(this);
        return placed;
    }

    /** Returns the line of the template, from 1; 0 if unknown. */
    public int line() {
        return line;
    }
}
