package io.github.sparkfinetune.data.http;

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
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * Requests to a service: with deadlines, repeated where it asks for patience or does not answer, who asks told to its
 * own host alone. By {@link HttpURLConnection}, the JDK's client that bounds how long a body may stand still.
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
     * How long is waited.
     *
     * @param tries how often it is asked
     * @param patience how long a connection may take, or stand still
     * @param pause before a second try, doubled for each further one
     */
    public record Times(int tries, Duration patience, Duration pause) {}

    /**
     * A client.
     *
     * @param agent the header {@code User-Agent}
     * @param authorization the header {@code Authorization}, or null
     */
    protected Http(URI endpoint, String agent, String authorization, Times times) {
        this.endpoint = endpoint;
        this.agent = agent;
        this.authorization = authorization;
        this.times = times;
    }

    /** Whether a status above 399 is an answer like others. */
    protected abstract boolean isAnswer(int code);

    /** What is said where the service refuses. */
    protected abstract RunException refused(String what, int code, HttpURLConnection answer) throws IOException;

    /** What can be done where it does not answer. */
    protected abstract String remedy();

    /** What a request sends. */
    public interface Body {
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
    public interface Headers {
        Map<String, String> get() throws IOException;
    }

    /** What is done with an answer, whose body is open. */
    public interface Answer<T> {
        T read(HttpURLConnection answer) throws IOException;
    }

    /** Returns a warning where the authorization would travel in clear between machines. */
    public Optional<String> warning() {
        boolean clear = authorization != null
                && endpoint.getScheme().equals("http")
                && !THIS_MACHINE.matcher(endpoint.getHost()).matches();
        return clear
                ? Optional.of(endpoint + " is not encrypted: whoever is on the way can read the token or password;"
                        + " use https")
                : Optional.empty();
    }

    /**
     * A path below the endpoint.
     *
     * @param path with a leading slash; parts are escaped already
     */
    public URI at(String path) {
        return URI.create(endpoint + path);
    }

    /**
     * Sends a request until it is answered.
     *
     * @param what it is about, for messages
     * @param follow whether an answer that leads to another host is followed, else it is the answer
     * @throws RunException if it is refused, or with exit code 4 if it is not answered as often as it is asked
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
        if (authorization != null && ours(address)) {
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

    private boolean ours(URI address) {
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

    /** A JSON answer to a GET. */
    public JsonNode get(String what, URI address) throws IOException {
        return send(what, "GET", address, Map::of, null, true, Http::json);
    }

    /** The JSON of an answer; an empty object where there is none. */
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
