package io.github.sparkfinetune.data.tokenizer;

/**
 * Keeps DJL from the network. DJL's engines report to their makers' servers when they start, and download missing
 * native libraries. A training job must do neither, and an executor mostly cannot. Call {@link #ensure()} before using
 * a DJL class.
 */
public final class Offline {
    static {
        System.setProperty("ai.djl.offline", "true");
    }

    private Offline() {}

    /** Sets the system property {@code ai.djl.offline} of this JVM to {@code true}, once. */
    public static void ensure() {
        // The static initialiser does the work; the JVM runs it once, before any caller continues.
    }
}
