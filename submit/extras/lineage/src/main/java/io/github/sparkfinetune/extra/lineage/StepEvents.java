package io.github.sparkfinetune.extra.lineage;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.extra.lineage.StepDatasets.Datasets;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;

/** Events of one step, which share a run id. */
final class StepEvents {
    private final LineageSettings settings;
    private final String job;
    private final String command;
    private final String sparkVersion;
    private final UUID run;

    /** State of the run that an event reports. */
    enum Type {
        START,
        COMPLETE,
        FAIL,
        ABORT
    }

    StepEvents(LineageSettings settings, String job, String command, String sparkVersion) {
        this(settings, job, command, sparkVersion, UUID.randomUUID());
    }

    /** @param sparkVersion version of Spark; null if it is not known */
    private StepEvents(LineageSettings settings, String job, String command, String sparkVersion, UUID run) {
        this.run = run;
        this.settings = settings;
        this.job = job;
        this.command = command;
        this.sparkVersion = sparkVersion;
    }

    /**
     * Returns the only event of a step that ended before.
     *
     * @param yaml configuration of the run
     * @param facets further facets of the run, by their keys
     */
    static String ended(
            LineageSettings settings,
            String job,
            String command,
            Instant time,
            Datasets datasets,
            String yaml,
            Map<String, ObjectNode> facets) {
        UUID run = UUID.nameUUIDFromBytes(
                (settings.namespace() + "/" + job + "/" + time).getBytes(StandardCharsets.UTF_8));
        ObjectNode event =
                new StepEvents(settings, job, command, null, run).node(Type.COMPLETE, time, datasets, facets);
        return withCode(event, yaml);
    }

    /** @param yaml configuration of the run */
    String start(Datasets datasets, String yaml) {
        return withCode(node(Type.START, Instant.now(), datasets, Map.of()), yaml);
    }

    private static String withCode(ObjectNode event, String yaml) {
        ((ObjectNode) event.at("/job/facets")).set("sourceCode", Facets.sourceCode(yaml));
        return event.toString();
    }

    /** @param facets further facets of the run, by their keys */
    String event(Type type, Datasets datasets, Map<String, ObjectNode> facets) {
        return node(type, Instant.now(), datasets, facets).toString();
    }

    private ObjectNode node(Type type, Instant time, Datasets datasets, Map<String, ObjectNode> facets) {
        ObjectNode event = JsonFiles.MAPPER
                .createObjectNode()
                .put("eventType", type.name())
                .put("eventTime", time.truncatedTo(ChronoUnit.MILLIS).toString())
                .put("producer", Facets.producer())
                .put("schemaURL", Facets.EVENT);
        ObjectNode runFacets =
                event.putObject("run").put("runId", run.toString()).putObject("facets");
        if (sparkVersion != null) {
            runFacets.set("processing_engine", Facets.engine(sparkVersion));
        }
        if (settings.parent() != null) {
            runFacets.set("parent", Facets.parent(settings.parent()));
        }
        facets.forEach(runFacets::set);
        event.putObject("job")
                .put("namespace", settings.namespace())
                .put("name", job)
                .putObject("facets")
                .set("jobType", Facets.jobType(command.toUpperCase(Locale.ROOT)));
        event.putArray("inputs").addAll(datasets.inputs());
        event.putArray("outputs").addAll(datasets.outputs());
        return event;
    }
}
