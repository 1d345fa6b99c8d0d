package io.github.sparkfinetune.extra.lineage;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.Http;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;

/** Posts events to a lineage service, as OpenLineage's {@code http} does. */
final class HttpTransport extends Http implements Transport {
    private static final String ENDPOINT = "/api/v1/lineage";
    private static final long PATIENCE_MS = 5000;
    private static final List<String> API_KEYS = List.of("auth.apiKey", "auth.api_key", "apiKey");

    private final String shown;
    private final URI address;
    private final Map<String, String> headers;
    private final boolean zips;

    private HttpTransport(URI address, String authorization, Map<String, String> headers, boolean zips, long patience) {
        super(
                URI.create(address.getScheme() + "://" + address.getRawAuthority()),
                "spark-finetune",
                authorization,
                new Times(2, Duration.ofMillis(patience), Duration.ofMillis(200)));
        this.shown = address.getScheme() + "://" + address.getRawAuthority() + address.getRawPath();
        this.address = address;
        this.headers = headers;
        this.zips = zips;
    }

    /** @throws IllegalArgumentException if a setting is wrong or not supported; the message has no secret */
    static HttpTransport of(Map<String, String> settings) {
        String type = settings.getOrDefault("auth.type", "api_key");
        String key = API_KEYS.stream()
                .map(settings::get)
                .filter(value -> value != null)
                .findFirst()
                .orElse(null);
        if (!type.replace("_", "").equalsIgnoreCase("apikey")) {
            throw new IllegalArgumentException(
                    "OpenLineage's auth.type '" + type + "' is not supported: set api_key, or a header");
        }
        if (settings.keySet().stream().anyMatch(name -> name.startsWith("sslContext."))) {
            throw new IllegalArgumentException(
                    "OpenLineage's sslContext is not supported: set Java's properties javax.net.ssl.keyStore…");
        }
        Map<String, String> headers = new TreeMap<>(LineageSettings.below(settings, "headers."));
        headers.put("Content-Type", "application/json");
        boolean zips = "gzip".equalsIgnoreCase(settings.get("compression"));
        if (zips) {
            headers.put("Content-Encoding", "gzip");
        }
        long patience;
        try {
            patience = Long.parseLong(settings.getOrDefault("timeoutInMillis", Long.toString(PATIENCE_MS)));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("OpenLineage's timeoutInMillis is not a number", e);
        }
        return new HttpTransport(
                address(settings),
                key == null ? null : "Bearer " + key,
                headers,
                zips,
                Math.max(1, Math.min(patience, PATIENCE_MS)));
    }

    private static URI address(Map<String, String> settings) {
        URI url;
        try {
            url = URI.create(settings.getOrDefault("url", "").strip().replaceFirst("/+$", ""));
        } catch (IllegalArgumentException e) {
            // The message leaves out the text, which may hold a password.
            throw new IllegalArgumentException("OpenLineage's url is not a URL", e);
        }
        if (!Set.of("http", "https").contains(String.valueOf(url.getScheme())) || url.getHost() == null) {
            throw new IllegalArgumentException("OpenLineage's url must begin with https:// or http:// and name a host");
        }
        String path = url.getRawPath().isEmpty()
                ? "/" + settings.getOrDefault("endpoint", ENDPOINT).replaceFirst("^/+", "")
                : url.getRawPath();
        Map<String, String> parameters = new LinkedHashMap<>(LineageSettings.below(settings, "urlParams."));
        String query = parameters.entrySet().stream()
                .map(entry -> encoded(entry.getKey()) + "=" + encoded(entry.getValue()))
                .collect(Collectors.joining("&"));
        String authority = url.getRawAuthority().replaceFirst(".*@", "");
        return URI.create(url.getScheme() + "://" + authority + path + (query.isEmpty() ? "" : "?" + query));
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    @Override
    public void send(String event) throws IOException {
        byte[] bytes = event.getBytes(StandardCharsets.UTF_8);
        Body body = Body.of(zips ? zipped(bytes) : bytes);
        send("OpenLineage", "POST", address, () -> headers, body, false, HttpURLConnection::getResponseCode);
    }

    private static byte[] zipped(byte[] bytes) throws IOException {
        ByteArrayOutputStream zipped = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(zipped)) {
            out.write(bytes);
        }
        return zipped.toByteArray();
    }

    @Override
    protected boolean isAnswer(int code) {
        return false;
    }

    @Override
    protected RunException refused(String what, int code, HttpURLConnection answer) {
        return RunException.config(what + ": " + shown + " refuses an event (" + code + "): "
                + (code == 401 || code == 403
                        ? "correct the API key (spark.openlineage.transport.auth.apiKey, OPENLINEAGE_API_KEY)"
                        : "correct the address (spark.openlineage.transport.url, OPENLINEAGE_URL)"));
    }

    @Override
    protected String remedy() {
        return "correct spark.openlineage.transport.url or OPENLINEAGE_URL, or start the server";
    }
}
