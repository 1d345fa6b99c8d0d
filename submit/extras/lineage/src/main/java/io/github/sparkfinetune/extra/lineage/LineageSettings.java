package io.github.sparkfinetune.extra.lineage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.spark.listener.Step;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Settings of OpenLineage, by the names that OpenLineage's Spark integration and clients read.
 *
 * @param transport settings of the transport by their names below {@code transport}, such as {@code type} and
 *     {@code url}; empty if there is no transport
 * @param namespace namespace of the jobs
 * @param appName first part of the names of the jobs; null for the name of the run
 * @param parent job that started this one, or null
 */
record LineageSettings(Map<String, String> transport, String namespace, String appName, Parent parent) {
    private static final String SPARK = "spark.openlineage.";
    private static final String DYNAMIC = "OPENLINEAGE__TRANSPORT";

    /** A job and its run. */
    record Scheduled(String namespace, String name, UUID runId) {}

    /**
     * Jobs above this one.
     *
     * @param task job that started this one
     * @param root first job above, such as a DAG
     */
    record Parent(Scheduled task, Scheduled root) {}

    /**
     * Returns the settings of a process. Settings of Spark come before variables of the environment.
     *
     * @param environment variables of the process: {@code OPENLINEAGE_URL}, …
     * @param spark settings of Spark: {@code spark.openlineage.transport.url}, …
     * @throws IllegalArgumentException if a setting cannot be read; the message names the setting
     */
    static LineageSettings of(Map<String, String> environment, Map<String, String> spark) {
        boolean disabled = Boolean.parseBoolean(environment.get("OPENLINEAGE_DISABLED"))
                || Boolean.parseBoolean(spark.get(SPARK + "disabled"));
        return new LineageSettings(
                disabled ? Map.of() : transport(environment, spark),
                first(
                        spark.get(SPARK + "namespace"),
                        environment.get("OPENLINEAGE_NAMESPACE"),
                        environment.get("OPENLINEAGE__NAMESPACE"),
                        "default"),
                spark.get(SPARK + "appName"),
                disabled ? null : parent(environment, spark).orElse(null));
    }

    /** Returns the name of a step's job. */
    String job(Step step, RunConfig run) {
        return (appName == null ? run.runName() : appName) + "." + step.command();
    }

    private static String first(String... values) {
        return Stream.of(values)
                .filter(value -> value != null && !value.isBlank())
                .findFirst()
                .orElseThrow();
    }

    private static Map<String, String> transport(Map<String, String> environment, Map<String, String> spark) {
        Map<String, String> transport = below(spark, SPARK + "transport.");
        if (transport.isEmpty()) {
            transport = dynamic(environment);
        }
        if (transport.isEmpty()
                && !environment.getOrDefault("OPENLINEAGE_URL", "").isBlank()) {
            transport.put("url", environment.get("OPENLINEAGE_URL"));
            put(transport, "endpoint", environment.get("OPENLINEAGE_ENDPOINT"));
            put(transport, "auth.apiKey", environment.get("OPENLINEAGE_API_KEY"));
        }
        if (transport.containsKey("url")) {
            transport.putIfAbsent("type", "http");
        }
        return transport;
    }

    private static void put(Map<String, String> settings, String name, String value) {
        if (value != null && !value.isBlank()) {
            settings.put(name, value.strip());
        }
    }

    /** Returns the settings whose names begin with a prefix, without the prefix. */
    static Map<String, String> below(Map<String, String> settings, String prefix) {
        Map<String, String> below = new TreeMap<>();
        settings.forEach((name, value) -> {
            if (name.startsWith(prefix)) {
                put(below, name.substring(prefix.length()), value);
            }
        });
        return below;
    }

    /**
     * Returns the transport of the variables {@code OPENLINEAGE__TRANSPORT__AUTH__API_KEY}, which is
     * {@code auth.apiKey}, and of {@code OPENLINEAGE__TRANSPORT}, which is a JSON object and wins.
     */
    private static Map<String, String> dynamic(Map<String, String> environment) {
        Map<String, String> transport = new TreeMap<>();
        below(environment, DYNAMIC + "__").forEach((name, value) -> {
            String path = Pattern.compile("_([a-z])")
                    .matcher(name.toLowerCase(Locale.ROOT).replace("__", "."))
                    .replaceAll(word -> word.group(1).toUpperCase(Locale.ROOT));
            transport.put(path, value);
        });
        String json = environment.get(DYNAMIC);
        if (json != null && !json.isBlank()) {
            try {
                flatten("", JsonFiles.MAPPER.readTree(json), transport);
            } catch (JsonProcessingException e) {
                // The message leaves out the text, which may hold a key.
                throw new IllegalArgumentException(DYNAMIC + " is not JSON", e);
            }
        }
        return transport;
    }

    private static void flatten(String name, JsonNode value, Map<String, String> settings) {
        if (value.isObject()) {
            value.fields()
                    .forEachRemaining(field -> flatten(
                            name.isEmpty() ? field.getKey() : name + "." + field.getKey(), field.getValue(), settings));
        } else {
            put(settings, name, value.asText());
        }
    }

    private static Optional<Parent> parent(Map<String, String> environment, Map<String, String> spark) {
        Optional<Scheduled> task = scheduled(spark, "parent")
                .or(() -> scheduled("OPENLINEAGE_PARENT_ID", environment.get("OPENLINEAGE_PARENT_ID")));
        Optional<Scheduled> root = scheduled(spark, "rootParent")
                .or(() -> scheduled("OPENLINEAGE_ROOT_PARENT_ID", environment.get("OPENLINEAGE_ROOT_PARENT_ID")));
        return task.map(started -> new Parent(started, root.orElse(started)));
    }

    private static Optional<Scheduled> scheduled(Map<String, String> spark, String prefix) {
        String namespace = spark.get(SPARK + prefix + "JobNamespace");
        String name = spark.get(SPARK + prefix + "JobName");
        String run = spark.get(SPARK + prefix + "RunId");
        return namespace == null || name == null || run == null
                ? Optional.empty()
                : Optional.of(new Scheduled(namespace, name, runId(SPARK + prefix + "RunId", run)));
    }

    /** @param id {@code NAMESPACE/NAME/RUN}, or null; a namespace may have slashes */
    private static Optional<Scheduled> scheduled(String variable, String id) {
        if (id == null || id.isBlank()) {
            return Optional.empty();
        }
        int run = id.lastIndexOf('/');
        int name = id.lastIndexOf('/', run - 1);
        if (run < 0 || name <= 0) {
            throw new IllegalArgumentException(variable + " is not NAMESPACE/JOB/RUN_ID: '" + id + "'");
        }
        return Optional.of(new Scheduled(
                id.substring(0, name), id.substring(name + 1, run), runId(variable, id.substring(run + 1))));
    }

    private static UUID runId(String setting, String id) {
        try {
            return UUID.fromString(id.strip());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(setting + " has a run id that is not a UUID: '" + id + "'", e);
        }
    }

    /** Returns the settings without credentials. */
    @Override
    public String toString() {
        return namespace + ", transport " + transport.get("type");
    }
}
