package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.memory.ResidentMemory;
import io.github.sparkfinetune.data.corpus.CorpusCleaner;
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
import java.util.stream.StreamSupport;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.LongAccumulator;

/**
 * Measures documents per second, from the start of the process, through all filters of {@code data.corpus} in FineWeb's
 * order with the default thresholds: {@code CorpusBench FOLDER [MODEL_DIR]}. Reads JSON lines of texts and writes the
 * kept texts as JSON lines. With a model, runs the whole of prepare, to the manifest.
 */
final class CorpusBench {
    private static final String FILTERS = "filters: [gopher_repetition, gopher_quality, c4, fineweb]";

    private CorpusBench() {}

    public static void main(String[] arguments) throws IOException {
        Instant submitted = ProcessHandle.current().info().startInstant().orElseThrow();
        Path output = Files.createTempDirectory("corpus-bench-");
        RunConfig config = RunConfigLoader.parse(
                String.format(
                        "{model: %s, task: causal-lm, output: {dir: %s}, data: {train: %s, format: jsonl, max_length:"
                                + " 512, packing: bfd, corpus: {%s}}}",
                        arguments.length > 1 ? arguments[1] : "none", output, arguments[0], FILTERS),
                "bench",
                List.of());
        SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", false)
                .getOrCreate();
        try (spark) {
            long[] counts = arguments.length > 1 ? prepare(spark, config) : filter(spark, config, output);
            double seconds = Duration.between(submitted, Instant.now()).toMillis() / 1e3;
            System.out.printf(
                    Locale.ROOT,
                    "ours corpus documents %d kept %d whole s %.1f docs/s %.0f peak MB %d%n",
                    counts[0],
                    counts[1],
                    seconds,
                    counts[0] / seconds,
                    ResidentMemory.peak() >> 20);
        } finally {
            HadoopFiles.deleteLocal(output);
        }
    }

    /** Returns the numbers of documents read and kept. */
    private static long[] filter(SparkSession spark, RunConfig config, Path output) {
        CorpusConfig corpus = config.data().corpus();
        Dataset<String> texts =
                spark.read().schema("text STRING").json(config.data().train()).as(Encoders.STRING());
        LongAccumulator documents = spark.sparkContext().longAccumulator();
        LongAccumulator kept = spark.sparkContext().longAccumulator();
        MapPartitionsFunction<String, String> clean = partition -> {
            CorpusCleaner cleaner = new CorpusCleaner(corpus, true);
            Iterable<String> all = () -> partition;
            return StreamSupport.stream(all.spliterator(), false)
                    .map(cleaner::clean)
                    .peek(cleaned -> documents.add(1))
                    .filter(cleaned -> cleaned.rejectedBecause() == null)
                    .peek(cleaned -> kept.add(1))
                    .map(CorpusCleaner.Cleaned::text)
                    .iterator();
        };
        texts.mapPartitions(clean, Encoders.STRING())
                .toDF("text")
                .write()
                .json(output.resolve("kept").toString());
        return new long[] {documents.value(), kept.value()};
    }

    /** Returns the numbers of documents read and kept. */
    private static long[] prepare(SparkSession spark, RunConfig config) {
        Manifest manifest = PrepareJob.run(spark, config);
        long kept = manifest.splits().values().stream()
                .mapToLong(split -> split.documents().count())
                .sum();
        long rejected = manifest.corpus().rejected().values().stream()
                .mapToLong(Long::longValue)
                .sum();
        return new long[] {kept + rejected, kept};
    }
}
