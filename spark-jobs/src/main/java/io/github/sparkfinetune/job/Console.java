package io.github.sparkfinetune.job;

import java.io.PrintWriter;

/** Output of the steps: results and progress. */
public interface Console {
    /** Prints a result. */
    void say(String line);

    /** Returns the writer for progress. */
    PrintWriter err();
}
