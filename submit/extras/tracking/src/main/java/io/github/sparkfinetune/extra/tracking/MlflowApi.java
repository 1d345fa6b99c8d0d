package io.github.sparkfinetune.extra.tracking;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.Http;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Calls of MLflow's REST API 2.0 that tracking needs (<a href="https://mlflow.org/docs/latest/rest-api.html">REST
 * API</a>).
 *
 * <p>This class replaces {@code org.mlflow:mlflow-client}. That client has 8.6 MB, mostly copies of Guava, Protocol
 * Buffers and Apache's HTTP client, and it starts the {@code mlflow} of a Python installation to store artifacts.
 */
final class MlflowApi extends Http {
    private static final String AT = "/api/2.0/mlflow/";
    private static final String MISSING = "RESOURCE_DOES_NOT_EXIST";
    private static final String EXISTS = "RESOURCE_ALREADY_EXISTS";
    private static final int LARGEST_ANSWER = 16 << 20;
    private static final String ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/";

    private final MlflowSettings settings;

    MlflowApi(MlflowSettings settings, Times times) {
        super(settings.endpoint(), "spark-finetune", settings.authorization(), times);
        this.settings = settings;
    }

    /** Value of a metric. */
    record Metric(String key, double value, long timestamp, long step) {}

    /** Returns the server's record of a name or a run, or empty. */
    private Optional<JsonNode> find(String call, String parameter, String value) throws IOException {
        String query = call + "?" + parameter + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
        JsonNode answer = send("MLflow", "GET", at(AT + query), Map::of, null, false, this::read);
        return answer.has("error_code") ? Optional.empty() : Optional.of(answer);
    }

    /**
     * Returns the id of the experiment, which is created if it does not exist.
     *
     * @throws RunException if the experiment was deleted
     */
    String experiment() throws IOException {
        String name = settings.experiment();
        Optional<JsonNode> found = find("experiments/get-by-name", "experiment_name", name);
        if (found.isEmpty()) {
            return required(
                    post(
                            "experiments/create",
                            JsonFiles.MAPPER.createObjectNode().put("name", name)),
                    "/experiment_id");
        }
        if (found.get().at("/experiment/lifecycle_stage").asText().equals("deleted")) {
            throw RunException.config("MLflow: the experiment " + name + " of " + settings.endpoint()
                    + " was deleted: restore it, or set MLFLOW_EXPERIMENT_NAME to another name");
        }
        return required(found.get(), "/experiment/experiment_id");
    }

    /** Returns the {@code info} and {@code data} of a run; empty if there is none or it was deleted. */
    Optional<JsonNode> run(String id) throws IOException {
        return find("runs/get", "run_id", id)
                .map(answer -> answer.path("run"))
                .filter(run -> run.at("/info/lifecycle_stage").asText().equals("active"));
    }

    /** Creates a run and returns it with its {@code info}. */
    JsonNode create(String experiment, String name, Map<String, String> tags) throws IOException {
        ObjectNode body = JsonFiles.MAPPER
                .createObjectNode()
                .put("experiment_id", experiment)
                .put("run_name", name)
                .put("start_time", System.currentTimeMillis());
        pairs(body.putArray("tags"), tags);
        JsonNode run = post("runs/create", body).path("run");
        required(run, "/info/run_id");
        return run;
    }

    void update(String run, String status, Long endTime) throws IOException {
        ObjectNode body = JsonFiles.MAPPER.createObjectNode().put("run_id", run).put("status", status);
        if (endTime != null) {
            body.put("end_time", endTime);
        }
        post("runs/update", body);
    }

    /** Logs at most 1,000 metrics and 100 parameters. */
    void log(String run, List<Metric> metrics, Map<String, String> parameters) throws IOException {
        ObjectNode body = JsonFiles.MAPPER.createObjectNode().put("run_id", run);
        ArrayNode values = body.putArray("metrics");
        for (Metric metric : metrics) {
            ObjectNode value = values.addObject().put("key", metric.key());
            if (Double.isFinite(metric.value())) {
                value.put("value", metric.value());
            } else {
                // Protocol Buffers write such numbers as texts in JSON, which has no infinity and NaN.
                value.put("value", Double.toString(metric.value()));
            }
            value.put("timestamp", metric.timestamp()).put("step", metric.step());
        }
        pairs(body.putArray("params"), parameters);
        post("runs/log-batch", body);
    }

    private static void pairs(ArrayNode array, Map<String, String> pairs) {
        pairs.forEach((key, value) -> array.addObject().put("key", key).put("value", value));
    }

    /**
     * Stores an artifact through the server.
     *
     * @param root path of the run's artifacts on the server
     */
    void store(String root, String name, Body body) throws IOException {
        StringBuilder path = new StringBuilder(ARTIFACTS);
        for (String part : (root + "/" + name).split("/", -1)) {
            path.append(path.charAt(path.length() - 1) == '/' ? "" : "/")
                    .append(URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20"));
        }
        send(
                "MLflow",
                "PUT",
                at(path.toString()),
                () -> Map.of("Content-Type", "application/octet-stream"),
                body,
                false,
                this::read);
    }

    /** Creates a registered model, unless it exists. */
    void registeredModel(String name) throws IOException {
        ObjectNode body = JsonFiles.MAPPER.createObjectNode().put("name", name);
        JsonNode answer = call("registered-models/create", body);
        if (answer.has("error_code") && !answer.path("error_code").asText().equals(EXISTS)) {
            throw refused(answer.path("message").asText());
        }
    }

    /**
     * Creates a version of a registered model and returns its number.
     *
     * @param source address of the model's folder
     * @param run run that has logged the model
     */
    String version(String name, String source, String run, Map<String, String> tags) throws IOException {
        ObjectNode body = JsonFiles.MAPPER
                .createObjectNode()
                .put("name", name)
                .put("source", source)
                .put("run_id", run);
        pairs(body.putArray("tags"), tags);
        return required(post("model-versions/create", body), "/model_version/version");
    }

    /** Points an alias of a registered model at a version. */
    void alias(String name, String alias, String version) throws IOException {
        post(
                "registered-models/alias",
                JsonFiles.MAPPER
                        .createObjectNode()
                        .put("name", name)
                        .put("alias", alias)
                        .put("version", version));
    }

    private JsonNode post(String call, ObjectNode body) throws IOException {
        JsonNode answer = call(call, body);
        if (answer.has("error_code")) {
            throw refused(answer.path("message").asText());
        }
        return answer;
    }

    private JsonNode call(String call, ObjectNode body) throws IOException {
        Map<String, String> headers = Map.of("Content-Type", "application/json");
        return send("MLflow", "POST", at(AT + call), () -> headers, Body.of(body.toString()), false, this::read);
    }

    /** Returns a JSON object, which has an {@code error_code} if the requested object does not exist or exists. */
    private JsonNode read(HttpURLConnection answer) throws IOException {
        int code = answer.getResponseCode();
        String text;
        try (InputStream in = code >= 400 ? answer.getErrorStream() : answer.getInputStream()) {
            text = in == null ? "" : new String(in.readNBytes(LARGEST_ANSWER), StandardCharsets.UTF_8);
        }
        try {
            // The response to a stored file is empty.
            JsonNode json = JsonFiles.MAPPER.readTree(text.isEmpty() && code / 100 == 2 ? "{}" : text);
            boolean isKnown =
                    Set.of(MISSING, EXISTS).contains(json.path("error_code").asText());
            if (json.isObject() && (code / 100 == 2 || isKnown)) {
                return json;
            }
            if (json.has("message")) {
                throw refused(json.path("message").asText());
            }
        } catch (JsonProcessingException e) {
            throw notMlflow();
        }
        throw notMlflow();
    }

    private RunException refused(String message) {
        String line = message.lines().findFirst().orElse("").replaceAll("\\p{Cntrl}", " ");
        return RunException.config("MLflow: " + settings.endpoint() + " refuses: " + line);
    }

    private String required(JsonNode answer, String pointer) {
        String value = answer.at(pointer).asText();
        if (value.isEmpty()) {
            throw notMlflow();
        }
        return value;
    }

    private RunException notMlflow() {
        return RunException.config("MLflow: the server at " + settings.endpoint()
                + " is not a tracking server: set MLFLOW_TRACKING_URI to one, such as http://host:5000");
    }

    @Override
    protected boolean isAnswer(int code) {
        return code != 401 && code != 403;
    }

    @Override
    protected RunException refused(String what, int code, HttpURLConnection answer) {
        return RunException.config(what + ": " + settings.endpoint() + " refuses access (" + code + "): "
                + (settings.authorization() == null
                        ? "set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
                        : "the environment's token, or user and password, were sent"));
    }

    @Override
    protected String remedy() {
        return "correct MLFLOW_TRACKING_URI, or start the server";
    }

    URI page(String experiment, String run) {
        return at("/#/experiments/" + experiment + "/runs/" + run);
    }
}
