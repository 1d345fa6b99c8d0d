package io.github.sparkfinetune.data.hf;

/** Names from files that may be hostile, made fit for a one-line message. */
public final class Quoted {
    private static final int LONGEST = 120;

    private Quoted() {}

    /** The name in quotes, without control characters, cut to a readable length. */
    public static String name(String name) {
        return "'" + plain(name) + "'";
    }

    /** The same without quotes. */
    public static String plain(String text) {
        String shown = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…";
        return shown.replaceAll("\\p{Cntrl}", "?");
    }
}
