package io.github.sparkfinetune.spark.trace;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.DatasetFolder;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.run.RunPaths;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/**
 * Says what became of one document, from the sources, the dataset and the run's configuration: nothing was noted of it
 * while it was prepared or trained on. Its content's hash says which rows are it and which shard they are in, its
 * tokens which samples, and the order of training which steps took these.
 */
public final class TraceJob {
    /** What a filter's name begins with, which the manifest counts by its place in the section. */
    static final String CORPUS = "data.corpus.";

    private TraceJob() {}

    /**
     * What became of the document in a file.
     *
     * @param key what names the file, for messages
     * @param file a text, or a JSON object with the columns of a row
     * @throws RunException with exit code 3 if no source holds it, or the dataset is not prepared
     */
    public static Trace ofFile(SparkSession spark, RunConfig config, String key, String file) {
        return run(spark, config, TaskDatas.of(config), key, file, null);
    }

    /**
     * What became of the document whose content has a hash.
     *
     * @param key what names the hash, for messages
     * @param hex as {@link Trace#hash} has it
     * @throws RunException with exit code 3 if no source holds it, or the dataset is not prepared
     */
    public static Trace ofHash(SparkSession spark, RunConfig config, String key, String hex) {
        ContentHash hash;
        try {
            hash = ContentHash.ofHex(hex);
        } catch (IllegalArgumentException e) {
            throw RunException.config(
                    key + ": " + hex + " is no hash of a document, which is 32 hexadecimal digits, as trace shows it");
        }
        return run(spark, config, TaskDatas.of(config), key, hex, hash);
    }

    /** @param hash null where {@code named} is a file */
    private static <C> Trace run(
            SparkSession spark, RunConfig config, TaskData<C> task, String key, String named, ContentHash hash) {
        SparkSessions.requireSerializer(spark);
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        spark.sparkContext().setJobDescription("trace " + named);
        try {
            TokenizerFiles tokenizer = PrepareJob.tokenizer(config, hadoop);
            task.check(tokenizer);
            List<SourceFiles> sources = Sources.of(spark, config.data());
            ContentHash wanted = hash;
            if (wanted == null) {
                CleanRow<C> row = given(config, sources, key, named, hadoop).clean(task, tokenizer, config.data());
                if (row.badBecause() != null) {
                    return Trace.refused(row.isRejected() ? CORPUS + row.badBecause() : row.badBecause());
                }
                wanted = row.hash();
            }
            Path dataset = new Path(RunPaths.absolute("data.dir", config.dataset(), hadoop));
            Manifest manifest = prepared(config, task.options(tokenizer), sources, dataset, hadoop);
            return new Tracing<>(spark, config, task, tokenizer, sources, manifest, dataset)
                    .trace(wanted, key + ": " + named);
        } catch (Exception e) {
            // Exception, because Spark's Scala code throws checked ones undeclared.
            throw e instanceof IOException io ? new UncheckedIOException(io) : Errors.explain("trace of " + named, e);
        } finally {
            spark.sparkContext().setJobDescription(null);
        }
    }

    private static GivenRow given(
            RunConfig config, List<SourceFiles> sources, String key, String file, Configuration hadoop)
            throws IOException {
        Path path = new Path(RunPaths.absolute(key, file, hadoop));
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
                sources.get(0).format(),
                config.data().sources().encoding(),
                config.data().columns().text());
    }

    private static Manifest prepared(
            RunConfig config, DatasetOptions options, List<SourceFiles> sources, Path dataset, Configuration hadoop)
            throws IOException {
        return new DatasetFolder(dataset, hadoop)
                .finished(
                        config.task(),
                        options.withFormat(sources.get(0).format()),
                        sources.stream().map(SourceFiles::toManifest).toList())
                .orElseThrow(() -> RunException.data(
                        "data.dir: " + dataset + " holds no prepared dataset: run finetune prepare first"));
    }
}
