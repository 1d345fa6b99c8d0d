package io.github.sparkfinetune.report;

/** Text into HTML. */
final class Html {
    private Html() {}

    /** Text as the content of an element or of a quoted attribute. */
    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    /** JSON as the content of a script element, which knows no entities: no tag can end or begin in it. */
    static String scriptData(String json) {
        return json.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e");
    }
}
