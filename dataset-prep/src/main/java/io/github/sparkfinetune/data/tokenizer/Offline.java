package io.github.sparkfinetune.data.tokenizer;

/**
 * Keeps DJL from the network. DJL's engines report to their makers' servers when they start and download natives that
 * they miss; a training job must do neither, and an executor mostly cannot. Whoever is about to touch a DJL class calls
 * {@link #ensure()} first.
 */
public final class Offline {
    static {
        System.setProperty("ai.djl.offline", "true");
    }

    private Offline() {}

    /** Sets the system property {@code ai.djl.offline} of this JVM to {@code true}, once. */
    public static void ensure() {
        // The work is done by the static initialiser, which the JVM runs once and before any caller goes on.
    }
}
