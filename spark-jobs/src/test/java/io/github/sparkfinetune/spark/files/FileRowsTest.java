package io.github.sparkfinetune.spark.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.cluster.Errors;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileRowsTest {
    private static SparkSession spark;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        spark = SparkSession.builder()
                .master("local[2]")
                .appName("file-rows-test")
                .config("spark.ui.enabled", false)
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private FileList listed() throws IOException {
        FileList.Builder list = new FileList.Builder();
        try (var files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                list.add(new ListedFile("file:" + file, Files.size(file), 0));
            }
        }
        return list.build();
    }

    private static List<String> values(Dataset<Row> rows) {
        return rows.select(FileRows.VALUE).as(Encoders.STRING()).collectAsList();
    }

    private static String line(Random random) {
        return "é".repeat(random.nextInt(40)) + random.nextInt();
    }

    /** Lines with all three line ends, empty lines, a last line without an end, and a compressed file. */
    private void write(int lines) throws IOException {
        Random random = new Random(5);
        for (int file = 0; file < 20; file++) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < lines; i++) {
                text.append(random.nextInt(10) == 0 ? "" : line(random))
                        .append(List.of("\n", "\r\n", "\r").get(file % 3));
            }
            text.append(line(random));
            byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
            Path path = folder.resolve("day=" + file % 4 + "/a b%20" + file + (file % 5 == 0 ? ".gz" : ".txt"));
            Files.createDirectories(path.getParent());
            try (OutputStream out =
                    file % 5 == 0 ? new GZIPOutputStream(Files.newOutputStream(path)) : Files.newOutputStream(path)) {
                out.write(bytes);
            }
        }
    }

    /** Tasks of few bytes cut most files; the smallest are shorter than some lines. */
    @ParameterizedTest
    @CsvSource({"64, 5", "300, 20", "1048576, 50"})
    void linesAreThoseOfSparksReader(long most, int lines) throws IOException {
        write(lines);

        Dataset<Row> rows = new FileRows(spark, "UTF-8").lines(listed(), most, 10, null, List.of("day"));

        Dataset<Row> expected = spark.read()
                .text(folder.toString())
                .filter("value != ''")
                .select(
                        functions.col("value"),
                        functions.expr("concat('file:', replace(_metadata.file_path, 'file://', ''))"),
                        functions.col("day").cast("string"));
        assertThat(rows.rdd().getNumPartitions()).isGreaterThan(most > 1000 ? 0 : 20);
        assertThat(rows.select(FileRows.VALUE, "day").collectAsList())
                .containsExactlyInAnyOrderElementsOf(
                        expected.select("value", "day").collectAsList());
        assertThat(rows.select(FileRows.PATH).distinct().as(Encoders.STRING()).collectAsList())
                .hasSize(20)
                .contains("file:" + folder.resolve("day=1/a b%201.txt"));
    }

    @Test
    void linesOfOtherCharacterSetsBecomeUtf8() throws IOException {
        Charset charset = Charset.forName("UTF-16LE");
        Files.write(folder.resolve("a.txt"), "äöü\n日本\n".getBytes(charset));

        Dataset<Row> rows = new FileRows(spark, "UTF-16LE").lines(listed(), 4, 0, "\n".getBytes(charset), List.of());

        assertThat(values(rows)).containsExactly("äöü", "日本");
    }

    @Test
    void aTextIsReadUpToItsLimit() throws IOException {
        Files.writeString(folder.resolve("a.txt"), "a".repeat(5000));
        Files.writeString(folder.resolve("b.txt"), "b\nb");
        Files.writeString(folder.resolve("empty.txt"), "");

        List<String> texts = values(new FileRows(spark, "UTF-8").texts(listed(), 1 << 20, 10, 100));

        assertThat(texts).containsExactly("a".repeat(800), "b\nb");
    }

    @Test
    void aFileThatIsGoneOrDamagedIsNamed() throws IOException {
        Path file = folder.resolve("a.gz");
        Files.writeString(file, "no gzip");
        Dataset<Row> rows = new FileRows(spark, "UTF-8").lines(listed(), 1 << 20, 10, null, List.of());

        assertThatThrownBy(() -> count(rows))
                .isInstanceOf(RunException.class)
                .hasMessageMatching("file:" + file + " cannot be read \\(.*\\): fix or remove it");
        Files.delete(file);
        assertThatThrownBy(() -> count(rows))
                .isInstanceOf(RunException.class)
                .hasMessage("file:" + file + " was removed after its source was listed: start it again when nothing"
                        + " writes to the source");
    }

    private static final CountDownLatch STARTED = new CountDownLatch(1);
    private static final AtomicInteger READ = new AtomicInteger();
    private static final CompletableFuture<Throwable> ENDED = new CompletableFuture<>();

    @Test
    void aKilledTaskReadsNoFurtherLine() throws Exception {
        Files.writeString(folder.resolve("a.txt"), "line\n".repeat(1000));
        Dataset<Row> rows = new FileRows(spark, "UTF-8").lines(listed(), 1 << 20, 10, null, List.of());
        JavaFutureAction<Void> job = rows.javaRDD().foreachPartitionAsync(lines -> {
            if (lines.hasNext()) {
                STARTED.countDown();
            }
            while (!TaskContext.get().isInterrupted()) {
                Thread.onSpinWait();
            }
            ENDED.complete(catchThrowable(() -> lines.forEachRemaining(line -> READ.incrementAndGet())));
        });
        assertThat(STARTED.await(60, TimeUnit.SECONDS)).isTrue();

        job.cancel(true);

        assertThat(ENDED.get(60, TimeUnit.SECONDS)).isInstanceOf(TaskKilledException.class);
        // Spark's generated code has read a line in hasNext.
        assertThat(READ).hasValueLessThanOrEqualTo(1);
    }

    private static void count(Dataset<Row> rows) {
        try {
            rows.count();
        } catch (Exception e) {
            throw Errors.explain("counting", e);
        }
    }

    @Test
    void partitionsAreValuesOfFolders() {
        List<String> values = new ArrayList<>();
        String path = "s3a://lake/day=2026-11-01/site=a%2Fb/kind=__HIVE_DEFAULT_PARTITION__/x=y.txt";
        for (String column : List.of("day", "site", "kind", "x")) {
            values.add(PathPartitions.value(path, column));
        }
        assertThat(values).containsExactly("2026-11-01", "a/b", null, null);
    }
}
