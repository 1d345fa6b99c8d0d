package io.github.sparkfinetune.data.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * Requests to the Hub: with deadlines, repeated where it asks for patience or does not answer, the token sent to its
 * own host alone. By {@link HttpURLConnection}, the JDK's client that bounds how long a body may stand still.
 */
final class HubHttp {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final int TRIES = 5;
    private static final int REDIRECTS = 10;

    private final HubSettings settings;
    private final Duration patience;
    private final Duration pause;

    /**
     * A client.
     *
     * @param patience how long a connection may take, or stand still
     * @param pause before a second try, doubled for each further one
     */
    HubHttp(HubSettings settings, Duration patience, Duration pause) {
        this.settings = settings;
        this.patience = patience;
        this.pause = pause;
    }

    /** What a request sends. */
    interface Body {
        long length();

        void writeTo(OutputStream out) throws IOException;

        static Body of(String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            return new Body() {
                @Override
                public long length() {
                    return bytes.length;
                }

                @Override
                public void writeTo(OutputStream out) throws IOException {
                    out.write(bytes);
                }
            };
        }
    }

    /** The headers of the next try. */
    interface Headers {
        Map<String, String> get() throws IOException;
    }

    /** What is done with an answer, whose body is open. */
    interface Answer<T> {
        T read(HttpURLConnection answer) throws IOException;
    }

    /**
     * A path below the endpoint.
     *
     * @param path with a leading slash; parts are escaped already
     */
    URI at(String path) {
        return URI.create(settings.endpoint() + path);
    }

    /**
     * Sends a request until it is answered. Its answer may say that something is there already (409) or that a range
     * leads past the end (416).
     *
     * @param what it is about, for messages
     * @param follow whether an answer that leads to another host is followed, else it is the answer
     * @throws RunException if the Hub refuses
     * @throws IOException if it does not answer as often as it is asked
     */
    <T> T send(String what, String method, URI address, Headers headers, Body body, boolean follow, Answer<T> answer)
            throws IOException {
        Duration wait = pause;
        for (int left = TRIES - 1; ; left--) {
            Duration asked = wait;
            try {
                Attempt<T> attempt = once(what, method, address, headers.get(), body, follow, answer);
                if (attempt.again == null) {
                    return attempt.value;
                }
                if (left == 0) {
                    throw new IOException(attempt.again);
                }
                if (attempt.retryAfter.isPresent()) {
                    asked = Duration.ofSeconds(Math.min(attempt.retryAfter.getAsLong(), patience.toSeconds()));
                }
            } catch (IOException e) {
                if (left == 0) {
                    throw RunException.failed(
                            what + ": " + settings.endpoint() + " does not answer (" + e + "), asked " + TRIES
                                    + " times: try again later, or set HF_ENDPOINT or https.proxyHost if it is reached"
                                    + " in another way",
                            e);
                }
            }
            sleep(asked);
            wait = wait.multipliedBy(2);
        }
    }

    /** How a try ended: with a value, or why there must be another. */
    private record Attempt<T>(T value, String again, OptionalLong retryAfter) {}

    private <T> Attempt<T> once(
            String what,
            String method,
            URI address,
            Map<String, String> headers,
            Body body,
            boolean follow,
            Answer<T> read)
            throws IOException {
        URI next = address;
        for (int hop = 0; hop < REDIRECTS; hop++) {
            HttpURLConnection connection = open(method, next, headers, body);
            try {
                int code = connection.getResponseCode();
                URI target = code / 100 == 3 && code != 304 ? target(next, connection) : null;
                if (target != null && (follow || ours(target))) {
                    next = target;
                    continue;
                }
                if (code == 429 || code == 408 || code >= 500) {
                    return new Attempt<>(null, "status " + code, retryAfter(connection.getHeaderField("Retry-After")));
                }
                if (code >= 400 && code != 409 && code != 416) {
                    throw refused(what, code, connection);
                }
                return new Attempt<>(read.read(connection), null, OptionalLong.empty());
            } finally {
                connection.disconnect();
            }
        }
        throw new IOException(REDIRECTS + " redirects in a row");
    }

    private HttpURLConnection open(String method, URI address, Map<String, String> headers, Body body)
            throws IOException {
        HttpURLConnection connection = (HttpURLConnection) address.toURL().openConnection();
        connection.setRequestMethod(method);
        connection.setInstanceFollowRedirects(false);
        connection.setConnectTimeout((int) patience.toMillis());
        connection.setReadTimeout((int) patience.toMillis());
        connection.setUseCaches(false);
        connection.setRequestProperty("User-Agent", "spark-finetune; hf_hub");
        connection.setRequestProperty("Accept-Encoding", "identity");
        headers.forEach(connection::setRequestProperty);
        if (settings.token() != null && ours(address)) {
            connection.setRequestProperty("Authorization", "Bearer " + settings.token());
        }
        if (body != null) {
            connection.setDoOutput(true);
            connection.setFixedLengthStreamingMode(body.length());
            try (OutputStream out = connection.getOutputStream()) {
                body.writeTo(out);
            }
        }
        return connection;
    }

    private boolean ours(URI address) {
        URI endpoint = settings.endpoint();
        return endpoint.getScheme().equals(address.getScheme())
                && endpoint.getHost().equals(address.getHost())
                && endpoint.getPort() == address.getPort();
    }

    private static URI target(URI from, HttpURLConnection answer) throws IOException {
        String location = answer.getHeaderField("Location");
        if (location == null) {
            throw new IOException("a redirect that leads nowhere");
        }
        try {
            URI target = from.resolve(location);
            if ("https".equals(target.getScheme()) || from.getScheme().equals(target.getScheme())) {
                return target;
            }
        } catch (IllegalArgumentException e) {
            throw new IOException("a redirect to no URL", e);
        }
        throw new IOException("a redirect from https away");
    }

    private static OptionalLong retryAfter(String seconds) {
        return seconds != null && seconds.strip().matches("\\d{1,6}")
                ? OptionalLong.of(Long.parseLong(seconds.strip()))
                : OptionalLong.empty();
    }

    private RunException refused(String what, int code, HttpURLConnection answer) {
        String known = settings.token() == null ? "set HF_TOKEN" : "the token of HF_TOKEN was sent";
        String error = String.valueOf(answer.getHeaderField("X-Error-Code"));
        if (error.equals("GatedRepo")) {
            return RunException.config(what + ": its owner grants access one by one: ask for it on "
                    + settings.endpoint() + " (" + known + ")");
        }
        if (error.equals("RevisionNotFound")) {
            return RunException.config(what + ": there is no such revision on " + settings.endpoint());
        }
        if (error.equals("RepoNotFound") || code == 404 || code == 401 || code == 403) {
            return RunException.config(what + ": " + settings.endpoint() + " has no such model, or not for everybody ("
                    + code + "): check the name, and for a private one " + known);
        }
        return RunException.config(what + ": " + settings.endpoint() + " refuses (" + code + message(answer) + ")");
    }

    private static String message(HttpURLConnection answer) {
        String message = answer.getHeaderField("X-Error-Message");
        return message == null ? "" : ": " + message.replaceAll("\\p{Cntrl}", " ");
    }

    /** A JSON answer to a GET. */
    JsonNode get(String what, URI address) throws IOException {
        return send(what, "GET", address, Map::of, null, true, HubHttp::json);
    }

    /**
     * A JSON answer to a POST.
     *
     * @param type of the body
     */
    JsonNode post(String what, URI address, String type, Body body) throws IOException {
        Map<String, String> headers = Map.of("Content-Type", type, "Accept", type.contains("lfs") ? type : "*/*");
        return send(what, "POST", address, () -> headers, body, true, HubHttp::json);
    }

    private static JsonNode json(HttpURLConnection answer) throws IOException {
        InputStream body = answer.getResponseCode() >= 400 ? answer.getErrorStream() : answer.getInputStream();
        if (body == null) {
            return JSON.createObjectNode();
        }
        try (InputStream in = body) {
            return JSON.readTree(HadoopFiles.readAll(in, answer.getURL().toString()));
        } catch (JsonProcessingException e) {
            throw new IOException(answer.getURL() + " answers with what is not JSON", e);
        }
    }

    private static void sleep(Duration time) throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(time.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
