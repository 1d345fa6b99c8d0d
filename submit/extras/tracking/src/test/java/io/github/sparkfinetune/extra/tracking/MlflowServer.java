package io.github.sparkfinetune.extra.tracking;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Test server that answers as {@code mlflow server} 3.17 does; each answer was seen from such a server. It supports
 * experiments, runs, batches with their limits, artifacts, registered models and aliases. It can require a token. It
 * can fail, refuse or stay silent on request.
 */
final class MlflowServer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String API = "/api/2.0/mlflow/";
    private static final String ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/";

    /** Stored run. */
    static final class Run {
        final String name;
        final List<JsonNode> metrics = Collections.synchronizedList(new ArrayList<>());
        final Map<String, String> params = new ConcurrentHashMap<>();
        final Map<String, String> tags = new ConcurrentHashMap<>();
        volatile String status = "RUNNING";
        volatile String lifecycle = "active";

        private Run(String name) {
            this.name = name;
        }

        /** Returns the steps and values of a metric, in the order of their arrival. */
        List<String> history(String key) {
            return metrics.stream()
                    .filter(metric -> metric.path("key").asText().equals(key))
                    .map(metric -> metric.path("step").asLong() + "="
                            + metric.path("value").asText())
                    .toList();
        }
    }

    final Map<String, Run> runs = Collections.synchronizedMap(new LinkedHashMap<>());
    final Map<String, String> experiments = new ConcurrentHashMap<>();
    final Map<String, byte[]> artifacts = Collections.synchronizedMap(new TreeMap<>());
    /** Versions of registered models, by name, in the order of their numbers. */
    final Map<String, List<JsonNode>> registered = Collections.synchronizedMap(new TreeMap<>());
    /** Version of each alias {@code NAME@ALIAS}. */
    final Map<String, String> aliases = new ConcurrentHashMap<>();
    /** Sizes of the accepted batches. */
    final List<Integer> batches = Collections.synchronizedList(new ArrayList<>());
    /** Required {@code Authorization} header, or null. */
    volatile String authorization;
    /** Status of every answer except to files; 0 for correct answers. */
    volatile int fault;
    /** Whether the server answers as another kind of server. */
    volatile boolean other;
    /** Address of the artifacts. */
    volatile String store = "mlflow-artifacts:/";
    /** If not null, no request is answered until it is open. */
    volatile CountDownLatch silence;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    MlflowServer() throws IOException {
        experiments.put("Default", "0");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            try (exchange) {
                handle(exchange);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        server.start();
    }

    String uri() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private void handle(HttpExchange exchange) throws IOException, InterruptedException {
        CountDownLatch wait = silence;
        if (wait != null) {
            wait.await();
        }
        byte[] body = exchange.getRequestBody().readAllBytes();
        String path = exchange.getRequestURI().getPath();
        if (other) {
            answer(exchange, 404, "<html>Not Found</html>");
        } else if (fault != 0) {
            answer(exchange, fault, "<html>" + fault + "</html>");
        } else if (authorization != null
                && !authorization.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
            answer(exchange, 401, "You are not authenticated.");
        } else if (path.startsWith(ARTIFACTS)) {
            artifacts.put(path.substring(ARTIFACTS.length()), body);
            answer(exchange, 200, "");
        } else {
            String query = String.valueOf(exchange.getRequestURI().getQuery()).replaceFirst("^[^=]*=", "");
            JsonNode request = JSON.readTree(body.length == 0 ? "{}".getBytes(StandardCharsets.UTF_8) : body);
            api(exchange, path.replaceFirst("^.*" + API, ""), query, request);
        }
    }

    private void api(HttpExchange exchange, String call, String query, JsonNode request) throws IOException {
        ObjectNode answer = JSON.createObjectNode();
        switch (call) {
            case "experiments/get-by-name" -> {
                String id = experiments.get(query);
                if (id == null) {
                    missing(exchange, "Could not find experiment with name '" + query + "'");
                    return;
                }
                answer.putObject("experiment")
                        .put("experiment_id", id.replace("deleted ", ""))
                        .put("lifecycle_stage", id.startsWith("deleted") ? "deleted" : "active");
            }
            case "experiments/create" -> {
                String id = Integer.toString(experiments.size());
                experiments.put(request.path("name").asText(), id);
                answer.put("experiment_id", id);
            }
            case "runs/create" -> {
                String id = String.format("%032x", runs.size() + 1);
                Run run = new Run(request.path("run_name").asText());
                request.path("tags")
                        .forEach(tag -> run.tags.put(
                                tag.path("key").asText(), tag.path("value").asText()));
                runs.put(id, run);
                answer.set(
                        "run", described(id, run, request.path("experiment_id").asText()));
            }
            case "runs/get" -> {
                Run run = runs.get(query);
                if (run == null) {
                    missing(exchange, "Run with id=" + query + " not found");
                    return;
                }
                answer.set("run", described(query, run, "0"));
            }
            case "runs/update" ->
                runs.get(request.path("run_id").asText()).status =
                        request.path("status").asText();
            case "runs/log-batch" -> {
                String wrong = log(runs.get(request.path("run_id").asText()), request);
                if (wrong != null) {
                    invalid(exchange, wrong);
                    return;
                }
            }
            case "registered-models/create", "model-versions/create", "registered-models/alias" -> {
                registry(exchange, call, request);
                return;
            }
            default -> {
                answer(exchange, 404, "<!doctype html>");
                return;
            }
        }
        answer(exchange, 200, answer.toString());
    }

    private void registry(HttpExchange exchange, String call, JsonNode request) throws IOException {
        ObjectNode answer = JSON.createObjectNode();
        String name = request.path("name").asText();
        List<JsonNode> versions = registered.get(name);
        if (call.equals("registered-models/create")) {
            if (versions != null) {
                String message = "Registered Model (name=" + name + ") already exists.";
                error(exchange, 400, "RESOURCE_ALREADY_EXISTS", message);
                return;
            }
            registered.put(name, Collections.synchronizedList(new ArrayList<>()));
            answer.putObject("registered_model").put("name", name);
        } else if (versions == null) {
            missing(exchange, "Registered Model with name=" + name + " not found");
            return;
        } else if (call.equals("model-versions/create")) {
            versions.add(request);
            answer.putObject("model_version").put("name", name).put("version", Integer.toString(versions.size()));
        } else {
            String version = request.path("version").asText();
            if (Integer.parseInt(version) > versions.size()) {
                missing(exchange, "Model Version (name=" + name + ", version=" + version + ") not found");
                return;
            }
            aliases.put(name + "@" + request.path("alias").asText(), version);
        }
        answer(exchange, 200, answer.toString());
    }

    private String log(Run run, JsonNode batch) {
        if (batch.path("metrics").size() > 1000 || batch.path("params").size() > 100) {
            return "A batch logging request can contain at most 1000 metrics";
        }
        for (JsonNode metric : batch.path("metrics")) {
            if (!metric.path("key").asText().matches("[\\w./ :-]+")) {
                return "Invalid value \"" + metric.path("key").asText() + "\" for parameter 'metrics[0].name'";
            }
        }
        for (JsonNode param : batch.path("params")) {
            String before = run.params.putIfAbsent(
                    param.path("key").asText(), param.path("value").asText());
            if (before != null && !before.equals(param.path("value").asText())) {
                return "Changing param values is not allowed. Param with key='"
                        + param.path("key").asText() + "'";
            }
        }
        batch.path("metrics").forEach(run.metrics::add);
        batches.add(batch.path("metrics").size());
        return null;
    }

    private JsonNode described(String id, Run run, String experiment) {
        ObjectNode described = JSON.createObjectNode();
        described
                .putObject("info")
                .put("run_id", id)
                .put("experiment_id", experiment)
                .put("status", run.status)
                .put("lifecycle_stage", run.lifecycle)
                .put("artifact_uri", store + experiment + "/" + id + "/artifacts");
        Map<String, JsonNode> latest = new TreeMap<>();
        run.metrics.forEach(metric -> latest.merge(
                metric.path("key").asText(),
                metric,
                (a, b) -> a.path("step").asLong() > b.path("step").asLong() ? a : b));
        ArrayNode metrics = described.putObject("data").putArray("metrics");
        latest.values().forEach(metrics::add);
        ArrayNode params = described.withArray("/data/params");
        run.params.forEach((key, value) -> params.addObject().put("key", key).put("value", value));
        return described;
    }

    private static void missing(HttpExchange exchange, String message) throws IOException {
        error(exchange, 404, "RESOURCE_DOES_NOT_EXIST", message);
    }

    private static void invalid(HttpExchange exchange, String message) throws IOException {
        error(exchange, 400, "INVALID_PARAMETER_VALUE", message);
    }

    private static void error(HttpExchange exchange, int code, String error, String message) throws IOException {
        answer(
                exchange,
                code,
                JSON.createObjectNode()
                        .put("error_code", error)
                        .put("message", message)
                        .toString());
    }

    private static void answer(HttpExchange exchange, int code, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(code, bytes.length == 0 ? -1 : bytes.length);
        if (bytes.length > 0) {
            exchange.getResponseBody().write(bytes);
        }
    }

    @Override
    public void close() {
        CountDownLatch wait = silence;
        if (wait != null) {
            wait.countDown();
        }
        server.stop(0);
        threads.shutdownNow();
    }
}
