package io.github.sparkfinetune.extra.tracking;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.extra.tracking.MlflowApi.Metric;
import io.github.sparkfinetune.spark.listener.CommandOnRun;
import io.github.sparkfinetune.spark.listener.RunListener.Status;
import io.github.sparkfinetune.spark.run.Settings;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.fs.Path;

/**
 * Run on the tracking server. {@value #FILE} in the output folder identifies it: {@code tracking_uri}, {@code run_id},
 * and if its model is registered {@code registered_model_name}, {@code model_version} and {@code model_sha256}.
 */
final class MlflowRun {
    static final String FILE = "mlflow.json";
    static final String URI = "tracking_uri";
    static final String NAME = "registered_model_name";
    static final String VERSION = "model_version";
    private static final String RUN = "run_id";
    private static final int MOST_METRICS = 1000;
    private static final int MOST_PARAMETERS = 100;
    private static final int LONGEST_VALUE = 6000;
    /** Prefix of the address of artifacts that the server accepts itself. */
    private static final String BY_THE_SERVER = "mlflow-artifacts:/";

    private final MlflowApi api;
    private final String id;
    private final String experiment;
    private final String artifacts;
    /** Newest step on the server, by metric. */
    private final Map<String, Long> newest = new HashMap<>();

    private MlflowRun(MlflowApi api, JsonNode run) {
        this.api = api;
        this.id = run.at("/info/run_id").asText();
        this.experiment = run.at("/info/experiment_id").asText();
        this.artifacts = run.at("/info/artifact_uri").asText();
        run.at("/data/metrics")
                .forEach(metric -> newest.put(
                        metric.path("key").asText(), metric.path("step").asLong()));
    }

    /** Returns the run id in the output folder, if it belongs to this server. */
    static Optional<String> kept(CommandOnRun command, MlflowSettings settings) throws IOException {
        return file(command, settings).map(kept -> kept.path(RUN).asText());
    }

    /** Returns whether the server has a version of the model that was registered by this run. */
    static boolean isRegistered(CommandOnRun command, MlflowSettings settings, MlflowVersion version)
            throws IOException {
        return file(command, settings)
                .filter(kept -> kept.path(NAME).asText().equals(version.name())
                        && kept.path(MlflowVersion.HASH).asText().equals(version.hash()))
                .isPresent();
    }

    /** Reads the file of the output folder, if it belongs to this server. */
    private static Optional<ObjectNode> file(CommandOnRun command, MlflowSettings settings) throws IOException {
        Path file = command.output(FILE);
        try {
            String text = HadoopFiles.readText(HadoopFiles.fileSystem(file, command.hadoop()), file);
            ObjectNode kept = JsonFiles.parseObject(text, file.toString());
            return Optional.of(kept)
                    .filter(found ->
                            found.path(URI).asText().equals(settings.endpoint().toString()));
        } catch (FileNotFoundException e) {
            return Optional.empty();
        }
    }

    private static void write(CommandOnRun command, ObjectNode content) {
        Path file = command.output(FILE);
        HadoopFiles.writeWhole(HadoopFiles.fileSystem(file, command.hadoop()), file, JsonFiles.pretty(content));
    }

    private static ObjectNode content(MlflowSettings settings, String run) {
        return JsonFiles.MAPPER
                .createObjectNode()
                .put(URI, settings.endpoint().toString())
                .put(RUN, run);
    }

    /**
     * Continues the run that the output folder names, or else the run of the environment. If there is none, starts a
     * run.
     *
     * @throws RunException if the server refuses, or with exit code 4 if it does not answer
     */
    static MlflowRun open(MlflowApi api, MlflowSettings settings, CommandOnRun command) throws IOException {
        Optional<String> kept = kept(command, settings);
        Optional<String> known = kept.or(() -> Optional.ofNullable(settings.run()));
        Optional<JsonNode> found = known.isPresent() ? api.run(known.get()) : Optional.empty();
        if (known.isPresent() && found.isEmpty()) {
            if (kept.isEmpty()) {
                throw RunException.config("MLFLOW_RUN_ID: " + settings.endpoint() + " has no run " + known.get()
                        + ": unset it, or set it to an existing run");
            }
            command.warn("MLflow no longer has the run " + known.get() + ": a new run is started");
        }
        JsonNode current = found.isPresent()
                ? found.get()
                : api.create(api.experiment(), command.run().runName(), tags(settings));
        MlflowRun run = new MlflowRun(api, current);
        if (found.isPresent()) {
            api.update(run.id, "RUNNING", null);
        }
        if (!kept.equals(Optional.of(run.id))) {
            write(command, content(settings, run.id));
        }
        run.logParameters(command, current.at("/data/params"));
        command.say().accept("mlflow    " + api.page(run.experiment, run.id));
        return run;
    }

    private static Map<String, String> tags(MlflowSettings settings) {
        Map<String, String> tags = new LinkedHashMap<>();
        tags.put("mlflow.source.name", "spark-finetune");
        tags.put("mlflow.source.type", "JOB");
        tags.put("mlflow.user", System.getProperty("user.name"));
        tags.putAll(settings.tags());
        return tags;
    }

    /**
     * Logs every setting that the server lacks. The server refuses a value that differs from an earlier command's
     * value.
     */
    private void logParameters(CommandOnRun command, JsonNode logged) throws IOException {
        Set<String> had = new HashSet<>();
        logged.forEach(parameter -> had.add(parameter.path("key").asText()));
        Map<String, String> batch = new LinkedHashMap<>();
        for (Map.Entry<String, String> setting :
                Settings.of(RunConfigLoader.withoutData(command.run())).entrySet()) {
            String key = name(setting.getKey());
            if (had.add(key)) {
                String value = setting.getValue();
                batch.put(key, value.substring(0, Math.min(value.length(), LONGEST_VALUE)));
            }
            if (batch.size() == MOST_PARAMETERS) {
                api.log(id, List.of(), batch);
                batch.clear();
            }
        }
        if (!batch.isEmpty()) {
            api.log(id, List.of(), batch);
        }
    }

    /** Returns a name in which only characters are left that MLflow allows. */
    static String name(String text) {
        return text.replaceAll("[^A-Za-z0-9_. :/-]", "_");
    }

    /**
     * Logs the values that the server lacks. A metric of the training is logged once per step, whichever command
     * measured it.
     */
    void log(List<Figures> all) throws IOException {
        Map<String, Long> then = new HashMap<>(newest);
        List<Metric> metrics = new ArrayList<>();
        for (Figures figures : all) {
            figures.values().forEach((name, value) -> {
                String key = name(figures.split().equals(Manifest.TRAIN) ? name : figures.split() + "_" + name);
                boolean logged = then.getOrDefault(key, -1L) >= figures.step();
                if (!logged || !figures.areOfTraining()) {
                    metrics.add(new Metric(key, value, figures.millis(), figures.step()));
                    then.merge(key, figures.step(), Math::max);
                }
            });
        }
        for (int from = 0; from < metrics.size(); from += MOST_METRICS) {
            api.log(id, metrics.subList(from, Math.min(from + MOST_METRICS, metrics.size())), Map.of());
        }
        newest.putAll(then);
    }

    void end(Status status) throws IOException {
        api.update(id, status.name(), System.currentTimeMillis());
    }

    /** Returns whether the server accepts files itself, instead of referring clients to another store. */
    boolean takesArtifacts() {
        return artifacts.startsWith(BY_THE_SERVER);
    }

    /** Returns the address of the run's files. */
    String artifacts() {
        return artifacts;
    }

    void store(Artifact artifact) throws IOException {
        api.store(artifacts.replaceFirst("^[^:]*:(//[^/]*)?/*", ""), artifact.name(), artifact.body());
    }

    /** Registers the stored model as a version and returns the number of the version. */
    String register(CommandOnRun command, MlflowSettings settings, MlflowVersion version) throws IOException {
        api.registeredModel(version.name());
        String number = api.version(version.name(), artifacts + "/model", id, version.tags());
        ObjectNode content = content(settings, id)
                .put(NAME, version.name())
                .put(VERSION, number)
                .put(MlflowVersion.HASH, version.hash());
        write(command, content);
        return number;
    }
}
