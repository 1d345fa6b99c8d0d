package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.ShardNames;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.dataset.parquet.SampleWriter;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.JobGroup;
import io.github.sparkfinetune.spark.run.Lease;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Writes the shards of a finished dataset again without some documents. A training sample that loses all its documents
 * stays as an erased one, so that all samples keep their indexes; a held-out sample is left out. The new manifest,
 * which names the new files, replaces the old one at once, and the old files are deleted after it.
 */
public final class ErasedShards {
    private ErasedShards() {}

    /**
     * Documents that are erased in one file.
     *
     * @param file the file
     * @param documents numbers of the erased documents of each sample, by the sample's index
     * @param before counts of these samples
     * @param after counts of what is in their places without the documents
     */
    public record Part(File file, Map<Long, Set<Integer>> documents, DatasetSplit before, DatasetSplit after)
            implements Serializable {}

    private record Written(Part part, DatasetSplit.Shard shard) implements Serializable {}

    /** Finds documents among the samples of a file. */
    public interface Finder {
        /** Reads the next sample. */
        void add(Sample sample);

        /** Returns the numbers of the found documents of each sample, by the sample's index. */
        Map<Long, Set<Integer>> documents();

        /** Returns the number of the sources' rows that they are. */
        int rows();
    }

    /**
     * File of a split.
     *
     * @param split name of the split
     * @param name name of the file in the dataset's folder
     * @param first index of the file's first sample in the split
     * @param rows number of samples of the file
     */
    public record File(String split, String name, long first, long rows) implements Serializable {}

    /** Finds documents in a file. */
    public static Part find(
            TaskData<?> task, Path dataset, Manifest manifest, File file, Finder finder, Configuration hadoop)
            throws IOException {
        boolean trains = file.split().equals(Manifest.TRAIN);
        int labels = manifest.labels().size();
        boolean ofDocuments = manifest.split(file.split()).documents() != null;
        SampleCounts before = new SampleCounts(labels, ofDocuments);
        SampleCounts after = new SampleCounts(labels, ofDocuments);
        try (ParquetSamples samples = ParquetSamples.open(dataset, manifest, file.split(), hadoop)) {
            for (long index = file.first(); index < file.first() + file.rows(); index++) {
                finder.add(samples.read(index));
            }
            for (int row = 0; row < finder.rows(); row++) {
                before.row(false);
            }
            for (Map.Entry<Long, Set<Integer>> found : finder.documents().entrySet()) {
                Sample sample = samples.read(found.getKey());
                Sample rest = sample.without(found.getValue());
                count(before, task, sample, labels);
                if (trains || !rest.isErased()) {
                    count(after, task, rest, labels);
                }
            }
        }
        return new Part(file, finder.documents(), before.toSplit(List.of()), after.toSplit(List.of()));
    }

    /**
     * Writes the shards and the manifest.
     *
     * @param task task of the dataset
     * @param dataset absolute path of the dataset
     * @param parts files with documents to erase
     * @param hashes hashes of the documents' contents
     */
    public static Manifest write(
            SparkSession spark,
            TaskData<?> task,
            Path dataset,
            Manifest manifest,
            List<Part> parts,
            List<String> hashes)
            throws IOException {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        DatasetFolder folder = new DatasetFolder(dataset, hadoop);
        try (JobGroup jobs = new JobGroup(spark.sparkContext(), "erase-" + UUID.randomUUID(), "erase in " + dataset)) {
            String run = folder.reopen(Lease.LENGTH, jobs::cancel);
            try {
                if (!Manifest.read(dataset, hadoop).toJson().equals(manifest.toJson())) {
                    throw RunException.failed(
                            dataset + " was changed since its documents were found: start the erasure again", null);
                }
                Manifest erased = rewrite(spark, task, dataset, manifest, parts, run, hashes);
                // Older manifests name files with the documents, so no run may keep them.
                folder.finish(erased, pin -> false);
                return erased;
            } catch (Exception e) {
                // Spark's Scala code throws checked exceptions that it does not declare.
                RuntimeException error = folder.isLost() ? folder.lost(e) : Errors.explain("erase in " + dataset, e);
                PrepareJob.abandon(folder, jobs, error);
                throw error;
            }
        }
    }

    /**
     * Writes the shards without a manifest, and returns the manifest.
     *
     * @param run name of the run in the names of its files
     */
    static Manifest rewrite(
            SparkSession spark,
            TaskData<?> task,
            Path dataset,
            Manifest manifest,
            List<Part> parts,
            String run,
            List<String> hashes) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Broadcast<SerializableConfiguration> files =
                context.broadcast(new SerializableConfiguration(context.hadoopConfiguration()));
        String name = dataset.toString();
        List<Written> written = context.parallelize(new ArrayList<>(parts), parts.size())
                .map(part ->
                        write(task, name, manifest, part, run, files.value().value()))
                .collect();
        return erased(manifest, written, hashes);
    }

    private static Written write(
            TaskData<?> task, String dataset, Manifest manifest, Part part, String run, Configuration hadoop)
            throws IOException {
        boolean trains = part.file().split().equals(Manifest.TRAIN);
        SampleSchema schema = trains ? task.schema() : task.heldOutSchema();
        String name = ShardNames.of(
                part.file().split(),
                ShardNames.number(part.file().name()),
                ShardNames.generation(part.file().name()),
                run,
                TaskContext.get().taskAttemptId());
        Path path = new Path(dataset, name);
        SampleWriter writer = null;
        try (ParquetSamples samples =
                ParquetSamples.open(new Path(dataset), manifest, part.file().split(), hadoop)) {
            for (long index = part.file().first();
                    index < part.file().first() + part.file().rows();
                    index++) {
                Sample sample = samples.read(index);
                Set<Integer> documents = part.documents().get(index);
                if (documents != null) {
                    sample = sample.without(documents);
                    if (sample.isErased() && !trains) {
                        continue;
                    }
                }
                if (writer == null) {
                    writer = ShardWriter.file(path, schema, hadoop);
                }
                writer.write(sample);
            }
        } finally {
            if (writer != null) {
                writer.close();
            }
        }
        DatasetSplit.Shard shard = writer == null
                ? null
                : new DatasetSplit.Shard(
                        name, path.getFileSystem(hadoop).getFileStatus(path).getLen(), writer.rowGroups());
        return new Written(part, shard);
    }

    private static void count(SampleCounts counts, TaskData<?> task, Sample sample, int labels) {
        boolean labelled = labels > 0 && !sample.isErased();
        counts.sample(sample, task.predicted(sample), labelled ? task.labels(sample) : new int[0]);
    }

    private static Manifest erased(Manifest manifest, List<Written> written, List<String> hashes) {
        Map<String, DatasetSplit> splits = new LinkedHashMap<>(manifest.splits());
        for (Written one : written) {
            Part part = one.part();
            splits.compute(part.file().split(), (name, split) -> {
                List<DatasetSplit.Shard> shards = split.shards().stream()
                        .map(shard -> shard.file().equals(part.file().name()) ? one.shard() : shard)
                        .filter(shard -> shard != null)
                        .toList();
                return split.replaced(part.before(), part.after(), shards);
            });
        }
        List<String> all =
                Stream.concat(manifest.erased().stream(), hashes.stream()).toList();
        return manifest.withSplits(splits).withErased(all);
    }

    /**
     * Refuses to erase what a run cannot do without.
     *
     * @throws RunException if nothing would be left of a split, or of a label in the training split
     */
    public static void requireRest(Path dataset, Manifest manifest, List<Part> parts) {
        manifest.splits().forEach((name, split) -> {
            DatasetSplit rest = split;
            for (Part part : parts) {
                rest = part.file().split().equals(name) ? rest.replaced(part.before(), part.after(), List.of()) : rest;
            }
            if (rest.tokens() == 0) {
                throw RunException.data("nothing would be left of the " + name + " rows of " + dataset
                        + ": prepare a dataset without these documents");
            }
            for (int label = 0;
                    name.equals(Manifest.TRAIN) && label < rest.rowsPerLabel().size();
                    label++) {
                if (rest.rowsPerLabel().get(label) == 0 && split.rowsPerLabel().get(label) > 0) {
                    throw RunException.data("no training row of " + dataset + " would have the label "
                            + manifest.labels().get(label) + ": prepare a dataset without these documents");
                }
            }
        });
    }
}
