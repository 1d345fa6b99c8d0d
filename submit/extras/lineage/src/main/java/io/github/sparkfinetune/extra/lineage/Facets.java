package io.github.sparkfinetune.extra.lineage;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.util.Map;

/** Facets of OpenLineage that this program writes, with the versions of their schemas. */
final class Facets {
    /** Schema of the events. */
    static final String EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";

    /** Key of {@link #metrics} among the facets of a run. */
    static final String METRICS = "sparkFinetune_metrics";

    private static final String FACETS = "https://openlineage.io/spec/facets/";
    private static final String PACKAGE = "pkg:maven/io.github.sparkfinetune/spark-finetune@";
    private static final String METRICS_SCHEMA = "io/github/sparkfinetune/spark/lineage/MetricsRunFacet.json";

    private Facets() {}

    /** Returns the package URL of this program. */
    static String producer() {
        return PACKAGE + version();
    }

    /** Returns the version of this program. */
    static String version() {
        String version = Facets.class.getPackage().getImplementationVersion();
        return version == null ? "0" : version;
    }

    private static ObjectNode facet(String schemaUrl) {
        return JsonFiles.MAPPER.createObjectNode().put("_producer", producer()).put("_schemaURL", schemaUrl);
    }

    private static ObjectNode facet(String version, String name) {
        return facet(FACETS + version + "/" + name + ".json#/$defs/" + name);
    }

    static ObjectNode jobType(String command) {
        return facet("2-0-4", "JobTypeJobFacet")
                .put("processingType", "BATCH")
                .put("integration", "SPARK")
                .put("jobType", command);
    }

    /** Returns the configuration of the run as the code of its job. */
    static ObjectNode sourceCode(String yaml) {
        return facet("1-0-1", "SourceCodeJobFacet").put("language", "yaml").put("sourceCode", yaml);
    }

    static ObjectNode engine(String sparkVersion) {
        return facet("1-1-1", "ProcessingEngineRunFacet")
                .put("version", sparkVersion)
                .put("name", "spark")
                .put("openlineageAdapterVersion", version());
    }

    static ObjectNode parent(LineageSettings.Parent parent) {
        ObjectNode facet = facet("1-2-0", "ParentRunFacet");
        put(facet, parent.task());
        put(facet.putObject("root"), parent.root());
        return facet;
    }

    private static void put(ObjectNode facet, LineageSettings.Scheduled job) {
        facet.putObject("run").put("runId", job.runId().toString());
        facet.putObject("job").put("namespace", job.namespace()).put("name", job.name());
    }

    static ObjectNode error(String message) {
        return facet("1-0-1", "ErrorMessageRunFacet").put("message", message).put("programmingLanguage", "JAVA");
    }

    /** Returns the metrics of a run by split; values that JSON lacks are left out. */
    static ObjectNode metrics(Map<String, Map<String, Double>> bySplit) {
        ObjectNode facet = facet(producer() + "#" + METRICS_SCHEMA);
        ObjectNode metrics = facet.putObject("metrics");
        bySplit.forEach((split, values) -> {
            ObjectNode ofSplit = metrics.putObject(split);
            values.forEach((name, value) -> {
                if (value != null && Double.isFinite(value)) {
                    ofSplit.put(name, value);
                }
            });
        });
        return facet;
    }

    static ObjectNode version(String version) {
        return facet("1-0-1", "DatasetVersionDatasetFacet").put("datasetVersion", version);
    }

    static ObjectNode datasetType(String type) {
        return facet("1-0-1", "DatasetTypeDatasetFacet").put("datasetType", type);
    }

    static ObjectNode storage(String layer) {
        return facet("1-0-1", "StorageDatasetFacet").put("storageLayer", layer);
    }

    static ObjectNode symlink(DatasetName table) {
        ObjectNode facet = facet("1-0-1", "SymlinksDatasetFacet");
        facet.putArray("identifiers")
                .addObject()
                .put("namespace", table.namespace())
                .put("name", table.name())
                .put("type", "TABLE");
        return facet;
    }

    /** @param columns types by name, in the order of the columns */
    static ObjectNode schema(Map<String, String> columns) {
        ObjectNode facet = facet("1-2-0", "SchemaDatasetFacet");
        var fields = facet.putArray("fields");
        columns.forEach((name, type) -> fields.addObject().put("name", name).put("type", type));
        return facet;
    }

    static ObjectNode inputStatistics(long bytes, long files) {
        ObjectNode facet = facet("1-0-0", "InputStatisticsInputDatasetFacet");
        return statistics(facet, null, bytes, files);
    }

    /** @param rows number of rows, or null if unknown */
    static ObjectNode outputStatistics(Long rows, long bytes, long files) {
        return statistics(facet("1-0-2", "OutputStatisticsOutputDatasetFacet"), rows, bytes, files);
    }

    private static ObjectNode statistics(ObjectNode facet, Long rows, long bytes, long files) {
        if (rows != null) {
            facet.put("rowCount", rows);
        }
        return facet.put("size", bytes).put("fileCount", files);
    }
}
