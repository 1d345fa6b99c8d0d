package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.entity.EntityModels;
import io.github.sparkfinetune.spark.prepare.DatasetFolder;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Finds what became of one document. The job uses only the sources, the dataset and the run's configuration, because
 * {@code prepare} and {@code train} record nothing about single documents. The content hash of the document leads to
 * its rows and its shard. Its tokens lead to the samples. The order of training leads to the steps that took these
 * samples.
 */
public final class TraceJob {
    /** Prefix of a filter's name: the manifest counts a filter by its key in the section. */
    static final String CORPUS = "data.corpus.";

    private TraceJob() {}

    /**
     * Returns the trace of the document in a file.
     *
     * @param key name of the file in messages
     * @param file file with a text, or with a JSON object of the columns of a row
     * @throws RunException with exit code 3 if no source holds the document, or the dataset is not prepared
     */
    public static Trace ofFile(SparkSession spark, RunConfig config, String key, String file) {
        return run(spark, config, TaskDatas.of(config), key, file, null);
    }

    /**
     * Returns the trace of the document with a content hash.
     *
     * @param key name of the hash in messages
     * @param hex content hash in the form of {@link Trace#hash}
     * @throws RunException with exit code 3 if no source holds the document, or the dataset is not prepared
     */
    public static Trace ofHash(SparkSession spark, RunConfig config, String key, String hex) {
        ContentHash hash;
        try {
            hash = ContentHash.ofHex(hex);
        } catch (IllegalArgumentException e) {
            throw RunException.config(key + ": " + hex
                    + " is not the hash of a document: it must be 32 hexadecimal digits, as trace shows it");
        }
        return run(spark, config, TaskDatas.of(config), key, hex, hash);
    }

    /** @param hash content hash, or null if {@code named} is a file */
    private static <C> Trace run(
            SparkSession spark, RunConfig config, TaskData<C> task, String key, String named, ContentHash hash) {
        SparkSessions.requireSerializer(spark);
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        spark.sparkContext().setJobDescription("trace " + named);
        try {
            TokenizerFiles tokenizer = PrepareJob.tokenizer(config, hadoop);
            task.check(tokenizer);
            List<SourceFiles> sources = Sources.of(spark, config.data());
            ContentHash content = hash;
            if (content == null) {
                CleanRow<C> row = given(
                        spark.sparkContext(),
                        config,
                        task,
                        tokenizer,
                        sources.get(0).format(),
                        key,
                        named);
                if (row.badBecause() != null) {
                    return Trace.refused(row.isRejected() ? CORPUS + row.badBecause() : row.badBecause());
                }
                content = row.hash();
            }
            Path dataset = new Path(AbsolutePaths.of("data.dir", config.dataset(), hadoop));
            Manifest manifest = prepared(config, task.options(tokenizer), sources, dataset, hadoop);
            return new Tracing<>(spark, config, task, tokenizer, sources, manifest, dataset)
                    .trace(content, key + ": " + named);
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw e instanceof IOException io ? new UncheckedIOException(io) : Errors.explain("trace of " + named, e);
        } finally {
            spark.sparkContext().setJobDescription(null);
        }
    }

    /**
     * Reads and cleans the row in a file.
     *
     * @param format format of the sources
     * @param key name of the file in messages
     * @param file file with a text, or with a JSON object of the columns of a row
     * @throws RunException if the file cannot be read
     */
    public static <C> CleanRow<C> given(
            SparkContext spark,
            RunConfig config,
            TaskData<C> task,
            TokenizerFiles tokenizer,
            DataFormat format,
            String key,
            String file)
            throws IOException {
        Configuration hadoop = spark.hadoopConfiguration();
        Path path = new Path(AbsolutePaths.of(key, file, hadoop));
        byte[] content;
        try (FSDataInputStream in = path.getFileSystem(hadoop).open(path)) {
            content = in.readAllBytes();
        } catch (IOException e) {
            throw RunException.data(key + ": " + file + " cannot be read (" + e.getMessage() + ")", e);
        }
        return GivenRow.of(
                        key,
                        path.toString(),
                        content,
                        format,
                        config.data().encoding(),
                        config.data().text())
                .clean(
                        task,
                        tokenizer,
                        config.data(),
                        EntityModels.of(spark, config.data().redact()).onExecutor(spark));
    }

    private static Manifest prepared(
            RunConfig config, DatasetOptions options, List<SourceFiles> sources, Path dataset, Configuration hadoop)
            throws IOException {
        Optional<Manifest> finished = new DatasetFolder(dataset, hadoop)
                .finished(
                        config.task(),
                        options.withFormat(sources.get(0).format()),
                        sources.stream().map(SourceFiles::toManifest).toList());
        if (finished.isEmpty()) {
            throw RunException.data("data.dir: " + dataset
                    + (Manifest.exists(dataset, hadoop)
                            ? " lacks files that its sources have by now: run finetune prepare first"
                            : " holds no prepared dataset: run finetune prepare first"));
        }
        return finished.get();
    }
}
