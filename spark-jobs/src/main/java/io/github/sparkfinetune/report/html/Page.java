package io.github.sparkfinetune.report.html;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A page without scripts in the style of the reports. */
public final class Page {
    /** Folder of the reports' resources. */
    private static final String RESOURCES = "/io/github/sparkfinetune/report/";

    private Page() {}

    /**
     * Returns the page.
     *
     * @param body HTML of the page's main part
     */
    public static String of(String title, String subtitle, String body) {
        return """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">
                <title>%1$s</title>
                <style>
                %2$s</style>
                </head>
                <body>
                <header>
                <h1>%1$s</h1>
                <p>%3$s</p>
                </header>
                <main>
                %4$s</main>
                </body>
                </html>
                """.formatted(Html.escape(title), resource("report.css"), Html.escape(subtitle), body);
    }

    /**
     * Returns the text of a resource.
     *
     * @param name name of a file beside the reports' classes, or a whole path
     */
    public static String resource(String name) {
        String path = name.startsWith("/") ? name : RESOURCES + name;
        try (InputStream in = Page.class.getResourceAsStream(path)) {
            if (in == null) {
                throw new IllegalStateException("the jar lacks " + path);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
