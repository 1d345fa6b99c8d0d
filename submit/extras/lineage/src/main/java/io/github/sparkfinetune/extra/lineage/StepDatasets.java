package io.github.sparkfinetune.extra.lineage;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.dataset.CatalogTable;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.data.hub.HubName;
import io.github.sparkfinetune.spark.listener.Step;
import io.github.sparkfinetune.spark.run.ModelDigest;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Datasets that a step reads and writes. Before the step they are names only; after it they have their versions. */
final class StepDatasets {
    private static final Set<String> LAYERS = Set.of("delta", "iceberg", "hudi");

    private final RunConfig run;
    private final Configuration hadoop;
    private final Map<String, String> spark;

    /** Inputs and outputs of an event. */
    record Datasets(List<ObjectNode> inputs, List<ObjectNode> outputs) {
        static final Datasets NONE = new Datasets(List.of(), List.of());

        boolean isEmpty() {
            return inputs.isEmpty() && outputs.isEmpty();
        }
    }

    /** @param spark settings of the session */
    StepDatasets(RunConfig run, Configuration hadoop, Map<String, String> spark) {
        this.run = AbsolutePaths.of(run, hadoop);
        this.hadoop = hadoop;
        this.spark = spark;
    }

    /** Returns the names of the datasets of a step. */
    Datasets named(Step step) {
        ObjectNode dataset = dataset(DatasetName.ofPath(run.dataset()));
        ObjectNode model = dataset(DatasetName.ofPath(run.output().model()));
        return switch (step.kind()) {
            case PREPARE -> {
                List<ObjectNode> sources = new ArrayList<>();
                Sources.paths(run.data()).values().forEach(path -> sources.add(dataset(DatasetName.ofSource(path))));
                // The folder of a table is known only when the session has found the table.
                sources.removeIf(source -> source.path("namespace").asText().equals(DatasetName.MEMORY));
                yield new Datasets(sources, List.of(dataset));
            }
            case TRAIN -> new Datasets(List.of(dataset, dataset(DatasetName.ofModel(run.model()))), List.of(model));
            case EVALUATE -> new Datasets(List.of(dataset, model), List.of());
            case PREDICT -> new Datasets(List.of(input(step), model), List.of(dataset(output(step))));
        };
    }

    /** Returns the datasets of a finished step. */
    Datasets measured(Step step) throws IOException {
        return switch (step.kind()) {
            case PREPARE -> {
                Manifest manifest = manifest();
                yield new Datasets(manifest.sources().stream().map(this::source).toList(), List.of(written(manifest)));
            }
            case TRAIN -> new Datasets(List.of(read(), base()), List.of(model(true)));
            case EVALUATE -> new Datasets(List.of(read(), model(false)), List.of());
            case PREDICT -> new Datasets(List.of(input(step), model(false)), List.of(predictions(step)));
        };
    }

    private static ObjectNode dataset(DatasetName name) {
        return JsonFiles.MAPPER
                .createObjectNode()
                .put("namespace", name.namespace())
                .put("name", name.name());
    }

    private ObjectNode source(Manifest.Source source) {
        CatalogTable table = source.table();
        String location = table == null ? null : AbsolutePaths.of("table", table.location(), hadoop);
        ObjectNode dataset =
                dataset(location == null ? DatasetName.ofSource(source.path()) : DatasetName.ofPath(location));
        ObjectNode facets = dataset.putObject("facets");
        facets.set(
                "version",
                Facets.version(table != null && table.version() != null ? table.version() : source.fingerprint()));
        if (table != null) {
            facets.set("datasetType", Facets.datasetType("TABLE"));
            if (LAYERS.contains(table.format())) {
                facets.set("storage", Facets.storage(table.format()));
            }
            DatasetName.inMetastore(source.path(), spark)
                    .ifPresent(name -> facets.set("symlinks", Facets.symlink(name)));
        }
        dataset.putObject("inputFacets").set("inputStatistics", Facets.inputStatistics(source.bytes(), source.files()));
        return dataset;
    }

    private Manifest manifest() throws IOException {
        return Manifest.of(run, hadoop);
    }

    /** Returns the dataset of samples with its version, the SHA-256 of its manifest. */
    private ObjectNode read() throws IOException {
        ObjectNode dataset = dataset(DatasetName.ofPath(run.dataset()));
        String text = manifest().toJson();
        ObjectNode facets = dataset.putObject("facets");
        facets.set("version", Facets.version(ModelDigest.sha256(text)));
        facets.set("datasetType", Facets.datasetType("FILE"));
        return dataset;
    }

    private ObjectNode written(Manifest manifest) throws IOException {
        ObjectNode dataset = read();
        long rows = 0;
        long bytes = 0;
        long files = 0;
        for (DatasetSplit split : manifest.splits().values()) {
            rows += split.rows();
            bytes +=
                    split.shards().stream().mapToLong(DatasetSplit.Shard::bytes).sum();
            files += split.shards().size();
        }
        dataset.putObject("outputFacets").set("outputStatistics", Facets.outputStatistics(rows, bytes, files));
        DatasetSplit train = manifest.splits().get(Manifest.TRAIN);
        if (train != null && !train.shards().isEmpty()) {
            Path shard = new Path(run.dataset(), train.shards().get(0).file());
            ((ObjectNode) dataset.get("facets")).set("schema", Facets.schema(ParquetFiles.columns(shard, hadoop)));
        }
        return dataset;
    }

    /** Returns the model that the run starts from. Its version is a commit of the Hub, or the hash of another run. */
    private ObjectNode base() throws IOException {
        String folder = run.model();
        ObjectNode dataset = dataset(DatasetName.ofModel(folder));
        ObjectNode facets = dataset.putObject("facets");
        facets.set("datasetType", Facets.datasetType("MODEL"));
        Optional<HubName> hub = HubName.ofSnapshot(folder);
        Optional<String> version = hub.isPresent()
                ? hub.map(HubName::revision)
                : ModelDigest.kept(new Path(folder), hadoop).map(ModelDigest::hash);
        version.ifPresent(known -> facets.set("version", Facets.version(known)));
        return dataset;
    }

    private ObjectNode model(boolean isWritten) throws IOException {
        Path folder = new Path(run.output().model());
        ObjectNode dataset = dataset(DatasetName.ofPath(folder.toString()));
        ObjectNode facets = dataset.putObject("facets");
        facets.set("datasetType", Facets.datasetType("MODEL"));
        Optional<ModelDigest> digest = ModelDigest.of(folder, hadoop);
        if (digest.isPresent()) {
            facets.set("version", Facets.version(digest.get().hash()));
            if (isWritten) {
                dataset.putObject("outputFacets")
                        .set(
                                "outputStatistics",
                                Facets.outputStatistics(
                                        null, digest.get().bytes(), digest.get().files()));
            }
        }
        return dataset;
    }

    private ObjectNode input(Step step) {
        return dataset(DatasetName.ofSource(AbsolutePaths.of("--input", step.input(), hadoop)));
    }

    private DatasetName output(Step step) {
        return DatasetName.ofSource(AbsolutePaths.of("--output", step.output(), hadoop));
    }

    private ObjectNode predictions(Step step) throws IOException {
        if (DataConfig.isTable(step.output())) {
            return dataset(output(step));
        }
        ParquetFiles files = ParquetFiles.of(new Path(AbsolutePaths.of("--output", step.output(), hadoop)), hadoop);
        ObjectNode dataset = dataset(output(step));
        ObjectNode facets = dataset.putObject("facets");
        facets.set("datasetType", Facets.datasetType("FILE"));
        facets.set("schema", Facets.schema(files.columns()));
        dataset.putObject("outputFacets")
                .set("outputStatistics", Facets.outputStatistics(files.rows(), files.bytes(), files.files()));
        return dataset;
    }
}
