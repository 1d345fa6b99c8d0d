package io.github.sparkfinetune.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.util.Optional;

/** A user who can answer questions. */
@FunctionalInterface
interface Terminal {
    /** Asks a question; returns empty if the answer is blank or the input has ended. */
    Optional<String> ask(String question);

    /** Returns the user at this process's standard input. */
    static Terminal ofProcess() {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
        PrintStream out = System.out;
        return question -> {
            out.print(question);
            out.flush();
            try {
                return Optional.ofNullable(in.readLine()).map(String::strip).filter(answer -> !answer.isEmpty());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
    }
}
