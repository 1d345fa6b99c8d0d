package io.github.sparkfinetune.core.model;

/** Site in a block where elements are dropped. */
enum DropoutSite {
    EMBEDDINGS("embeddings", 0),
    PROBS("probs", 1),
    ATTENTION_OUTPUT("attention_residual", 2),
    OUTPUT("output_residual", 3),
    HEAD_INPUT("head_input", 4),
    HEAD("head", 5),
    RELATIVE("relative", 6);

    /** Suffix after a linear's name: dropout of the relative positions that the linear takes as input. */
    static final String OF_RELATIVE = ".relative";

    /** Exclusive upper bound of the codes. */
    static final int CODES = 8;

    private final String script;
    // The code is part of a mask's key: never change a number here.
    private final int code;

    DropoutSite(String script, int code) {
        this.script = script;
        this.code = code;
    }

    /** Returns the script's name of the site, which no linear has. */
    String script() {
        return script;
    }

    int code() {
        return code;
    }
}
