package io.github.sparkfinetune.bench.scale;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;

/**
 * Measures how the time of prepare grows with the text: {@code ScaleBench MODEL_DIR FOLDER json|parquet MEGABYTES...}.
 * Generates each size of text in its own folder and prepares it on {@code local[2]}. Prints the seconds, the seconds
 * per megabyte relative to the first size, and the heap after the last collection.
 */
final class ScaleBench {
    private static final int WORDS_OF_A_TEXT = 150;
    private static final int WORDS = 20_000;
    /** Approximate size of a text. */
    private static final int TEXT_BYTES = 1000;

    private static final long MB = 1_000_000;

    private ScaleBench() {}

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory(Path.of(arguments[1]), "scale-bench-");
        SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", false)
                .config("spark.local.dir", folder.toString())
                .getOrCreate();
        try (spark) {
            double first = 0;
            for (int i = 3; i < arguments.length; i++) {
                long megabytes = Long.parseLong(arguments[i]);
                double seconds = prepare(spark, arguments[0], folder.resolve("run" + i), arguments[2], megabytes);
                first = i == 3 ? seconds / megabytes : first;
                System.out.printf(
                        Locale.ROOT,
                        "ours scale-%s-%d s %.1f linear %.2f heap MB %d%n",
                        arguments[2],
                        megabytes,
                        seconds,
                        seconds / megabytes / first,
                        (Runtime.getRuntime().totalMemory()
                                        - Runtime.getRuntime().freeMemory())
                                / MB);
            }
        } finally {
            HadoopFiles.deleteLocal(folder);
        }
    }

    private static double prepare(SparkSession spark, String model, Path folder, String format, long megabytes) {
        String texts = folder.resolve("text").toString();
        generate(spark, megabytes * MB / TEXT_BYTES).write().format(format).save(texts);
        String yaml = String.format("""
                model: %s
                task: causal-lm
                output: {dir: %s}
                data: {train: %s, format: %s, eval_fraction: 0.01, max_length: 512, packing: wrapped}
                """, model, folder.resolve("out"), texts, format.equals("json") ? "jsonl" : format);
        RunConfig config = RunConfigLoader.parse(yaml, "bench", List.of());
        long start = System.nanoTime();
        Manifest manifest = PrepareJob.run(spark, config);
        double seconds = (System.nanoTime() - start) / 1e9;
        if (manifest.split(Manifest.TRAIN).rows() == 0) {
            throw new IllegalStateException("no samples");
        }
        HadoopFiles.deleteLocal(folder);
        return seconds;
    }

    private static Dataset<String> texts(SparkSession spark, long rows) {
        int parts = (int) Math.max(2, rows * TEXT_BYTES / (128 * MB));
        return spark.range(0, rows, 1, parts).map((MapFunction<Long, String>) ScaleBench::text, Encoders.STRING());
    }

    private static Dataset<?> generate(SparkSession spark, long rows) {
        return texts(spark, rows).toDF("text");
    }

    /** Returns a text in which a few words are frequent and most words are rare. */
    private static String text(long row) {
        SplittableRandom random = new SplittableRandom(row);
        StringBuilder text = new StringBuilder(TEXT_BYTES);
        for (int i = 0; i < WORDS_OF_A_TEXT; i++) {
            double rare = random.nextDouble();
            int word = (int) (Math.pow(WORDS, rare) - 1);
            for (int left = word + 1; left > 0; left /= 17) {
                text.append((char) ('a' + left % 17)).append("aeiou".charAt(left % 5));
            }
            text.append(i % 15 == 14 ? ". " : " ");
        }
        return text.toString();
    }
}
