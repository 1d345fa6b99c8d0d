package io.github.sparkfinetune.cli;

import java.io.PrintWriter;

/** Where work says what it finds, and what it is at. */
interface Console {
    /** Says a result. */
    void say(String line);

    /** Where progress goes. */
    PrintWriter err();
}
