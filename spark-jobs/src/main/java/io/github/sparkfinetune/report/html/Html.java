package io.github.sparkfinetune.report.html;

/** Escapes text for HTML. */
public final class Html {
    private Html() {}

    /** Escapes text for the content of an element or a quoted attribute; missing text (null) is a dash. */
    public static String escape(String text) {
        return (text == null ? Figures.NONE : text)
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    /** Escapes JSON for a script element, which has no entities, so that no tag can begin or end in the JSON. */
    public static String scriptData(String json) {
        return json.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e");
    }
}
