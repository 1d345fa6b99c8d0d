package io.github.sparkfinetune.spark.lineage;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.spark.lineage.StepDatasets.Datasets;
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
    private final UUID run = UUID.randomUUID();

    /** State of the run that an event reports. */
    enum Type {
        START,
        COMPLETE,
        FAIL,
        ABORT
    }

    StepEvents(LineageSettings settings, String job, String command, String sparkVersion) {
        this.settings = settings;
        this.job = job;
        this.command = command;
        this.sparkVersion = sparkVersion;
    }

    /** @param yaml configuration of the run */
    String start(Datasets datasets, String yaml) {
        ObjectNode event = node(Type.START, datasets, Map.of());
        ((ObjectNode) event.at("/job/facets")).set("sourceCode", Facets.sourceCode(yaml));
        return event.toString();
    }

    /** @param facets further facets of the run, by their keys */
    String event(Type type, Datasets datasets, Map<String, ObjectNode> facets) {
        return node(type, datasets, facets).toString();
    }

    private ObjectNode node(Type type, Datasets datasets, Map<String, ObjectNode> facets) {
        ObjectNode event = JsonFiles.MAPPER
                .createObjectNode()
                .put("eventType", type.name())
                .put("eventTime", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString())
                .put("producer", Facets.producer())
                .put("schemaURL", Facets.EVENT);
        ObjectNode runFacets =
                event.putObject("run").put("runId", run.toString()).putObject("facets");
        runFacets.set("processing_engine", Facets.engine(sparkVersion));
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
