package io.github.sparkfinetune.job;

import java.io.PrintWriter;

/** Where work says what it finds, and what it is at. */
public interface Console {
    /** Says a result. */
    void say(String line);

    /** Where progress goes. */
    PrintWriter err();
}
