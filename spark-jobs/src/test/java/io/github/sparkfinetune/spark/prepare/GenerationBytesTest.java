package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.StageFigures;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Bytes that tasks read for a generation of one percent, of the sources and of the index. */
@Timeout(600)
class GenerationBytesTest {
    private static final int ROWS = 8000;
    /** About 2 kB: the mean of web pages and of abstracts. */
    private static final int WORDS = 300;

    @TempDir
    private Path folder;

    private static String document(int number) {
        Random random = new Random(number);
        return IntStream.range(0, WORDS)
                .mapToObj(i -> "w" + Integer.toString(random.nextInt(1_000_000), Character.MAX_RADIX))
                .collect(Collectors.joining(" "));
    }

    private void write(String file, int from, int to) throws IOException {
        List<String> lines = IntStream.range(from, to)
                .mapToObj(i -> String.format(Locale.ROOT, "{\"text\": \"%s\"}", document(i)))
                .toList();
        PrepareFixture.write(folder.resolve("texts").resolve(file), lines);
    }

    @Test
    void aGenerationOfOnePercentReadsAFewPercent() throws Exception {
        assertReadsAFewPercent("corpus: {}");
    }

    @Test
    @Tag("full")
    void aGenerationOfOnePercentReadsAFewPercentWithNearDuplicates() throws Exception {
        assertReadsAFewPercent("corpus: {near_dedup: {enabled: true}}");
    }

    private void assertReadsAFewPercent(String corpus) throws Exception {
        SparkSession spark = PrepareFixture.spark(2);
        RunConfig config = PrepareFixture.languageModel(
                "causal-lm",
                folder.resolve("dataset"),
                "train: " + folder.resolve("texts"),
                "incremental: true",
                "max_length: 512",
                "eval_fraction: 0.01",
                corpus);
        write("a.jsonl", 0, ROWS);
        long first = bytes(spark, config);
        write("b.jsonl", ROWS, ROWS + ROWS / 100);

        long later = bytes(spark, config);

        Manifest manifest = PrepareJob.run(spark, config);
        assertThat(manifest.generations().get(1).samples().values().stream()
                        .mapToLong(Long::longValue)
                        .sum())
                .isEqualTo(ROWS / 100);
        assertThat(first).isGreaterThan(2L * ROWS * WORDS * 5);
        assertThat((double) later / first).as("%,d of %,d bytes", later, first).isLessThan(0.05);
    }

    /** Returns the bytes that all tasks of a {@code prepare} read from files. */
    private static long bytes(SparkSession spark, RunConfig config) throws Exception {
        return StageFigures.of(spark, () -> PrepareJob.run(spark, config)).tasks().stream()
                .mapToLong(task -> task.inputMetrics().bytesRead())
                .sum();
    }
}
