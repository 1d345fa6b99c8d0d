package io.github.sparkfinetune.core.model;

/** A place in a block where elements are dropped. */
enum DropoutSite {
    EMBEDDINGS("embeddings", 0),
    PROBS("probs", 1),
    ATTENTION_OUTPUT("attention_residual", 2),
    OUTPUT("output_residual", 3),
    HEAD_INPUT("head_input", 4),
    HEAD("head", 5),
    RELATIVE("relative", 6);

    /** Behind the name of a linear: what drops of the relative positions that it takes. */
    static final String OF_RELATIVE = ".relative";

    /** Codes are below it. */
    static final int CODES = 8;

    private final String script;
    // Part of a mask's key: a number here never changes.
    private final int code;

    DropoutSite(String script, int code) {
        this.script = script;
        this.code = code;
    }

    /** The text's name of the site; no linear has it. */
    String script() {
        return script;
    }

    int code() {
        return code;
    }
}
