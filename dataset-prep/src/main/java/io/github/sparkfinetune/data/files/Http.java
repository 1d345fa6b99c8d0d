package io.github.sparkfinetune.data.files;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * HTTP requests to a service, with deadlines. A request is repeated if the service asks for patience or does not
 * answer. The authorization is sent to the service's own host only. Uses {@link HttpURLConnection}, the client of the
 * JDK that bounds how long a body may stall.
 */
public abstract class Http {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final int REDIRECTS = 10;

    private static final Pattern THIS_MACHINE = Pattern.compile("localhost|127\\..*|\\[::1]");

    private final URI endpoint;
    private final String agent;
    private final String authorization;
    private final Times times;

    /**
     * Limits on tries and waiting.
     *
     * @param tries most tries of a request
     * @param patience longest time to connect, or without a byte
     * @param pause pause before the second try, doubled before each further try
     */
    public record Times(int tries, Duration patience, Duration pause) {}

    /**
     * Creates a client.
     *
     * @param agent value of the header {@code User-Agent}
     * @param authorization value of the header {@code Authorization}, or null
     */
    protected Http(URI endpoint, String agent, String authorization, Times times) {
        this.endpoint = endpoint;
        this.agent = agent;
        this.authorization = authorization;
        this.times = times;
    }

    /** Returns whether a status above 399 is a regular answer. */
    protected abstract boolean isAnswer(int code);

    /** Returns the exception for a refusal of the service. */
    protected abstract RunException refused(String what, int code, HttpURLConnection answer) throws IOException;

    /** Returns the remedy if the service does not answer, for messages. */
    protected abstract String remedy();

    /** Body of a request. */
    public interface Body {
        long length();

        void writeTo(OutputStream out) throws IOException;

        static Body of(String text) {
            return of(text.getBytes(StandardCharsets.UTF_8));
        }

        static Body of(byte[] bytes) {
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

    /** Supplier of the headers of the next try. */
    public interface Headers {
        Map<String, String> get() throws IOException;
    }

    /** Reader of an answer whose body is open. */
    public interface Answer<T> {
        T read(HttpURLConnection answer) throws IOException;
    }

    /** Returns a warning if the authorization would travel unencrypted between machines. */
    public Optional<String> warning() {
        boolean clear = authorization != null
                && endpoint.getScheme().equals("http")
                && !THIS_MACHINE.matcher(endpoint.getHost()).matches();
        return clear
                ? Optional.of(endpoint + " is not encrypted: anyone on the network path can read the token or password;"
                        + " use https")
                : Optional.empty();
    }

    /**
     * Returns the address of a path below the endpoint.
     *
     * @param path path with a leading slash, escaped already
     */
    public URI at(String path) {
        return URI.create(endpoint + path);
    }

    /**
     * Sends a request until it is answered.
     *
     * @param what subject of the request, for messages
     * @param follow true to follow a redirect to another host, false to return it as the answer
     * @throws RunException if the service refuses, or with exit code 4 if no try is answered
     */
    public <T> T send(
            String what, String method, URI address, Headers headers, Body body, boolean follow, Answer<T> answer)
            throws IOException {
        Duration wait = times.pause();
        for (int left = times.tries() - 1; ; left--) {
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
                    asked = Duration.ofSeconds(Math.min(
                            attempt.retryAfter.getAsLong(), times.patience().toSeconds()));
                }
            } catch (IOException e) {
                if (left == 0) {
                    throw RunException.failed(
                            what + ": " + endpoint + " does not answer (" + e + "), asked " + times.tries() + " times: "
                                    + remedy(),
                            e);
                }
            }
            sleep(asked);
            wait = wait.multipliedBy(2);
        }
    }

    /** Outcome of a try: a value, or the reason for another try. */
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
                if (target != null && (follow || isSameHost(target))) {
                    next = target;
                    continue;
                }
                if (code == 429 || code == 408 || code >= 500) {
                    return new Attempt<>(null, "status " + code, retryAfter(connection.getHeaderField("Retry-After")));
                }
                if (code >= 400 && !isAnswer(code)) {
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
        connection.setConnectTimeout((int) times.patience().toMillis());
        connection.setReadTimeout((int) times.patience().toMillis());
        connection.setUseCaches(false);
        connection.setRequestProperty("User-Agent", agent);
        connection.setRequestProperty("Accept-Encoding", "identity");
        headers.forEach(connection::setRequestProperty);
        if (authorization != null && isSameHost(address)) {
            connection.setRequestProperty("Authorization", authorization);
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

    private boolean isSameHost(URI address) {
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

    /** Sends a GET; returns the JSON answer. */
    public JsonNode get(String what, URI address) throws IOException {
        return send(what, "GET", address, Map::of, null, true, Http::json);
    }

    /** Returns the JSON of an answer; an empty object if it has no body. */
    protected static JsonNode json(HttpURLConnection answer) throws IOException {
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
