package io.github.sparkfinetune.data.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A server that answers as the Hub does, for one repository: its API, files that redirect to another host, Git LFS's
 * batch API, and commits. It can also refuse, ask for patience, and break off transfers, in a given order.
 */
public final class HubServer implements AutoCloseable {
    public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    public static final String TOKEN = "hf_secret";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern RESOLVE = Pattern.compile("/acme/tiny/resolve/" + COMMIT + "/(.+)");
    private static final Pattern LARGE = Pattern.compile(".*\\.safetensors");

    /** Files of the repository by name. */
    public final Map<String, byte[]> files = new TreeMap<>();
    /** Requests received: method, path and range, and "token" if a token was sent. */
    public final List<String> requests = Collections.synchronizedList(new ArrayList<>());
    /** Faults of the next downloads, one each: a status, or "cut" for half of the bytes. */
    public final ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();
    /** Uploaded large files by their hash, and the committed lines. */
    public final Map<String, byte[]> uploads = new ConcurrentHashMap<>();

    public final List<JsonNode> commits = Collections.synchronizedList(new ArrayList<>());
    /** True if reading needs the token. */
    public volatile boolean isPrivate;
    /** Bytes of a part of an upload, or 0 for uploads in one piece. */
    public volatile int chunk;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer hub;
    private final HttpServer store;

    /** Starts the server. */
    public HubServer() throws IOException {
        hub = serve("127.0.0.1", this::hub);
        // Another host, as seen by a client.
        store = serve("127.0.0.2", this::store);
    }

    private interface Handler {
        void handle(HttpExchange exchange) throws IOException;
    }

    private HttpServer serve(String host, Handler handler) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getByName(host), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            String range = exchange.getRequestHeaders().getFirst("Range");
            boolean token = exchange.getRequestHeaders().containsKey("Authorization");
            requests.add(exchange.getRequestMethod() + " " + path + (range == null ? "" : " " + range)
                    + (token ? " token" : ""));
            try (exchange) {
                handler.handle(exchange);
            }
        });
        server.start();
        return server;
    }

    /** Returns the address. */
    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
    }

    private String elsewhere(String path) {
        return "http://127.0.0.2:" + store.getAddress().getPort() + path;
    }

    private void hub(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        boolean known = ("Bearer " + TOKEN).equals(exchange.getRequestHeaders().getFirst("Authorization"));
        if (isPrivate && !known) {
            exchange.getResponseHeaders().set("X-Error-Code", "RepoNotFound");
            answer(exchange, 401, "");
            return;
        }
        Matcher resolve = RESOLVE.matcher(path);
        if (exchange.getRequestMethod().equals("POST")) {
            upload(exchange, path);
        } else if (path.equals("/api/models/acme/tiny/revision/main")
                || path.equals("/api/models/acme/tiny/revision/" + COMMIT)) {
            ObjectNode model = JSON.createObjectNode().put("id", "acme/tiny").put("sha", COMMIT);
            ArrayNode siblings = model.putArray("siblings");
            files.keySet().forEach(name -> siblings.addObject().put("rfilename", name));
            answer(exchange, 200, model.toString());
        } else if (path.startsWith("/api/models/acme/tiny/revision/")) {
            exchange.getResponseHeaders().set("X-Error-Code", "RevisionNotFound");
            answer(exchange, 404, "");
        } else if (resolve.matches() && files.containsKey(resolve.group(1))) {
            file(exchange, resolve.group(1));
        } else {
            exchange.getResponseHeaders().set("X-Error-Code", "RepoNotFound");
            answer(exchange, 404, "");
        }
    }

    private void file(HttpExchange exchange, String name) throws IOException {
        byte[] content = files.get(name);
        exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
        if (LARGE.matcher(name).matches()) {
            exchange.getResponseHeaders().set("X-Linked-Etag", '"' + sha256(content) + '"');
            exchange.getResponseHeaders().set("X-Linked-Size", Integer.toString(content.length));
            exchange.getResponseHeaders().set("ETag", "\"of the redirect\"");
            exchange.getResponseHeaders().set("Location", elsewhere("/blob/" + name));
            exchange.sendResponseHeaders(302, -1);
        } else {
            exchange.getResponseHeaders().set("ETag", '"' + gitSha1(content) + '"');
            bytes(exchange, content);
        }
    }

    private void store(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        if (exchange.getRequestMethod().equals("PUT")) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            String hash = path.substring("/put/".length()).replaceFirst("/.*", "");
            uploads.merge(hash, body, HubServer::joined);
            exchange.getResponseHeaders().set("ETag", '"' + sha256(body) + '"');
            answer(exchange, 200, "");
            return;
        }
        bytes(exchange, files.get(path.substring("/blob/".length())));
    }

    private static byte[] joined(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    private void bytes(HttpExchange exchange, byte[] content) throws IOException {
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", Integer.toString(content.length));
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        String fault = faults.poll();
        if (fault != null && fault.matches("\\d+")) {
            exchange.getResponseHeaders().set("Retry-After", "0");
            answer(exchange, Integer.parseInt(fault), "");
            return;
        }
        String range = exchange.getRequestHeaders().getFirst("Range");
        int from = range == null ? 0 : Integer.parseInt(range.replaceAll("bytes=|-", ""));
        exchange.sendResponseHeaders(from == 0 ? 200 : 206, content.length - from);
        OutputStream out = exchange.getResponseBody();
        int length = content.length - from;
        if ("cut".equals(fault)) {
            out.write(content, from, length / 2);
            out.flush();
            // Closing before the announced length ends the connection here.
            return;
        }
        if ("other".equals(fault)) {
            out.write(new byte[length]);
            return;
        }
        out.write(content, from, length);
    }

    private void upload(HttpExchange exchange, String path) throws IOException {
        JsonNode body = path.contains("/commit/") ? null : JSON.readTree(exchange.getRequestBody());
        if (path.equals("/api/repos/create")) {
            answer(exchange, files.isEmpty() ? 200 : 409, "{\"url\": \"" + endpoint() + "/acme/tiny\"}");
        } else if (path.equals("/api/models/acme/tiny/preupload/main")) {
            ObjectNode answer = JSON.createObjectNode();
            ArrayNode modes = answer.putArray("files");
            body.path("files")
                    .forEach(file -> modes.addObject()
                            .put("path", file.path("path").asText())
                            .put("shouldIgnore", false)
                            .put(
                                    "uploadMode",
                                    LARGE.matcher(file.path("path").asText()).matches() ? "lfs" : "regular"));
            answer(exchange, 200, answer.toString());
        } else if (path.equals("/acme/tiny.git/info/lfs/objects/batch")) {
            answer(exchange, 200, batch(body.path("objects").path(0)).toString());
        } else if (path.equals("/verify") || path.equals("/complete")) {
            boolean there = uploads.containsKey(body.path("oid").asText());
            answer(exchange, there ? 200 : 404, "{}");
        } else {
            String lines = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            for (String line : lines.lines().toList()) {
                commits.add(JSON.readTree(line));
            }
            answer(
                    exchange,
                    200,
                    JSON.createObjectNode()
                            .put("commitUrl", endpoint() + "/acme/tiny/commit/" + COMMIT)
                            .put("commitOid", COMMIT)
                            .toString());
        }
    }

    private ObjectNode batch(JsonNode object) {
        String hash = object.path("oid").asText();
        ObjectNode answer = JSON.createObjectNode();
        ObjectNode described = answer.putArray("objects").addObject();
        described.put("oid", hash).put("size", object.path("size").asLong());
        if (uploads.containsKey(hash)) {
            return answer;
        }
        ObjectNode upload = described.putObject("actions").putObject("upload");
        ((ObjectNode) described.path("actions")).putObject("verify").put("href", endpoint() + "/verify");
        if (chunk == 0) {
            upload.put("href", elsewhere("/put/" + hash));
            return answer;
        }
        upload.put("href", endpoint() + "/complete");
        ObjectNode header = upload.putObject("header").put("chunk_size", Integer.toString(chunk));
        for (int part = 1; (part - 1L) * chunk < object.path("size").asLong(); part++) {
            header.put(String.format("%05d", part), elsewhere("/put/" + hash + "/" + part));
        }
        return answer;
    }

    private static void answer(HttpExchange exchange, int code, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(code, bytes.length == 0 ? -1 : bytes.length);
        if (bytes.length > 0) {
            exchange.getResponseBody().write(bytes);
        }
    }

    /** Returns the SHA-256 of a content, in hexadecimal. */
    public static String sha256(byte[] content) {
        return hash("SHA-256", "", content);
    }

    static String gitSha1(byte[] content) {
        return hash("SHA-1", "blob " + content.length + "\0", content);
    }

    private static String hash(String algorithm, String prefix, byte[] content) {
        try {
            return HubFile.hash(algorithm, prefix, new ByteArrayInputStream(content));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the content of a committed file, from its line in the commit. */
    public static byte[] committed(JsonNode line) {
        return Base64.getDecoder().decode(line.path("value").path("content").asText());
    }

    @Override
    public void close() {
        hub.stop(0);
        store.stop(0);
        threads.shutdownNow();
    }
}
