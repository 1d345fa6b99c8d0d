package io.github.sparkfinetune.data.hub;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** Downloads a file of the Hub, and resumes where a transfer broke off. */
final class HubDownload {
    /** The download fails after so many answers in a row without a byte. */
    private static final int EMPTY_ANSWERS = 3;

    /** Number of bytes between two reports of progress. */
    private static final long REPORT_EVERY = 256L << 20;

    private final HubHttp http;
    private final String what;
    private final URI address;
    private final HubFile file;
    private final Consumer<String> progress;

    HubDownload(HubHttp http, String what, URI address, HubFile file, Consumer<String> progress) {
        this.http = http;
        this.what = what;
        this.address = address;
        this.file = file;
        this.progress = progress;
    }

    /**
     * Fetches the missing bytes of a partial file.
     *
     * @throws RunException if the content does not match the Hub's hash; the partial file is deleted then
     */
    void to(Path partial) throws IOException {
        int empty = 0;
        for (long had = length(partial); had != file.size() || !Files.exists(partial); ) {
            if (had > file.size()) {
                Files.delete(partial);
            }
            ask(partial);
            long has = length(partial);
            empty = has > had ? 0 : empty + 1;
            if (has < file.size()) {
                progress.accept(file.name() + ": the transfer broke off after " + has + " bytes, asking for the rest");
            }
            if (empty == EMPTY_ANSWERS) {
                throw RunException.failed(
                        what + ": the transfer broke off after " + has + " of " + file.size() + " bytes, and so did "
                                + EMPTY_ANSWERS + " more: start the command again, it goes on there",
                        null);
            }
            had = has;
        }
        if (!file.is(partial)) {
            Files.delete(partial);
            throw RunException.failed(
                    what + ": what came is not what the Hub says it is (its hash differs): start the command again",
                    null);
        }
        progress.accept(String.format(Locale.ROOT, "%s: %,d bytes", file.name(), file.size()));
    }

    private static long length(Path partial) throws IOException {
        return Files.exists(partial) ? Files.size(partial) : 0;
    }

    private void ask(Path partial) throws IOException {
        http.send(what, "GET", address, () -> range(partial), null, true, answer -> {
            append(answer, partial);
            return null;
        });
    }

    private static Map<String, String> range(Path partial) throws IOException {
        long from = length(partial);
        return from == 0 ? Map.of() : Map.of("Range", "bytes=" + from + "-");
    }

    private void append(HttpURLConnection answer, Path partial) throws IOException {
        int code = answer.getResponseCode();
        if (code == 416) {
            Files.deleteIfExists(partial);
            return;
        }
        StandardOpenOption way = code == 206 ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING;
        try (InputStream in = answer.getInputStream();
                OutputStream out =
                        Files.newOutputStream(partial, StandardOpenOption.CREATE, way, StandardOpenOption.WRITE)) {
            copy(in, out, code == 206 ? length(partial) : 0);
        }
    }

    /** Copies a body. A body that breaks off is not a failure: the bytes that came are kept. */
    private void copy(InputStream in, OutputStream out, long from) throws IOException {
        byte[] buffer = new byte[1 << 16];
        long at = from;
        while (at < file.size()) {
            int read;
            try {
                read = in.read(buffer, 0, (int) Math.min(buffer.length, file.size() - at));
            } catch (IOException e) {
                // As for a body that ends too early, the caller reports and requests the missing bytes.
                return;
            }
            if (read < 0) {
                return;
            }
            out.write(buffer, 0, read);
            if (at / REPORT_EVERY != (at + read) / REPORT_EVERY) {
                progress.accept(String.format(
                        Locale.ROOT, "%s: %,d of %,d MB", file.name(), (at + read) >> 20, file.size() >> 20));
            }
            at += read;
        }
    }
}
