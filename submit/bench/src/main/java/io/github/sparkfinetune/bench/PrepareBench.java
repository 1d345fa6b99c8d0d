package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.SparkSession;

/**
 * Measures prepare from the start of the process to the manifest: {@code PrepareBench MODEL_DIR JSONL_FILE}. The file
 * has texts and labels. The dataset is written to a temporary folder.
 */
final class PrepareBench {
    private PrepareBench() {}

    public static void main(String[] arguments) throws IOException {
        Instant submitted = ProcessHandle.current().info().startInstant().orElseThrow();
        Path output = Files.createTempDirectory("prepare-bench-");
        String yaml = String.format("""
                model: %s
                task: classification
                output: {dir: %s}
                data: {train: %s, format: jsonl, eval_fraction: 0.1, max_length: 512, shards: 8}
                """, arguments[0], output, arguments[1]);
        RunConfig config = RunConfigLoader.parse(yaml, "bench", List.of());
        SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", false)
                .getOrCreate();
        try (spark) {
            report(submitted, Instant.now(), PrepareJob.run(spark, config));
        } finally {
            HadoopFiles.deleteLocal(output);
        }
    }

    private static void report(Instant submitted, Instant started, Manifest manifest) {
        Instant done = Instant.now();
        long tokens = manifest.splits().values().stream()
                .mapToLong(DatasetSplit::tokens)
                .sum();
        double whole = Duration.between(submitted, done).toMillis() / 1e3;
        double job = Duration.between(started, done).toMillis() / 1e3;
        System.out.printf(
                Locale.ROOT,
                "ours prepare tokens %d whole s %.1f Mtok/s %.3f job s %.1f%n",
                tokens,
                whole,
                tokens / whole / 1e6,
                job);
    }
}
