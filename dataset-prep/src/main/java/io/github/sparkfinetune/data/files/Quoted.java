package io.github.sparkfinetune.data.files;

/** Makes names from untrusted files fit for a one-line message. */
public final class Quoted {
    private static final int LONGEST = 120;

    private Quoted() {}

    /** Returns the name in quotes, without control characters, cut to a readable length. */
    public static String name(String name) {
        return "'" + plain(name) + "'";
    }

    /** Returns the text without control characters, cut to a readable length. */
    public static String plain(String text) {
        String shown = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…";
        return shown.replaceAll("\\p{Cntrl}", "?");
    }
}
