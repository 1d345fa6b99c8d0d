package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.FineTuner;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A signal ends a process whose ranks train. */
@Timeout(600)
class EndedBySignalTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");
    private static final String LOCAL = "local[2]";
    private static final int SIGTERM = 128 + 15;

    @TempDir
    Path folder;

    private static RunConfig config(Path folder) {
        return Runs.in(
                folder,
                "model=" + MODEL.toAbsolutePath().normalize(),
                "data.max_length=32",
                "training.max_steps=1000000",
                "training.logging_steps=1",
                "training.save_minutes=0",
                "cluster.shared_filesystem=true");
    }

    private static SparkSession spark(Path folder, String master) {
        return SparkSessions.open(
                config(folder),
                "test",
                master,
                Map.of("spark.local.dir", folder.resolve("local").toString()));
    }

    /** Trains forever, and prints each step. */
    public static final class Training {
        private Training() {}

        public static void main(String[] arguments) {
            Path folder = Path.of(arguments[0]);
            SparkSession spark = spark(folder, arguments[1]);
            TrainJob.run(spark, config(folder), record -> System.out.println("step " + record.step()));
        }
    }

    @Test
    void ranksSaveTheirStepsAndReleaseTheirFilesBeforeTheProcessEnds() throws Exception {
        PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(40));
        try (SparkSession spark = spark(folder, LOCAL)) {
            PrepareJob.run(spark, config(folder));
        }
        Process process = start(LOCAL);
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(output.readLine()).startsWith("step ");
            assertThat(copies()).as("folders of ranks").isNotEmpty();

            process.destroy();

            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(SIGTERM);
            assertThat(copies()).isEmpty();
            assertThat(FineTuner.newestCheckpoint(config(folder), new Configuration()))
                    .as("a checkpoint, although none was due")
                    .startsWith("step-");
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    @Tag("full")
    void ranksInOtherProcessesSaveTheirStepsBeforeTheDriverEnds() throws Exception {
        PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(40));
        try (SparkSession spark = spark(folder, LOCAL)) {
            PrepareJob.run(spark, config(folder));
        }
        Process process = start("local-cluster[2,1,1024]");
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(output.readLine()).startsWith("step ");

            process.destroy();

            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(SIGTERM);
            assertThat(FineTuner.newestCheckpoint(config(folder), new Configuration()))
                    .startsWith("step-");
        } finally {
            process.destroyForcibly();
        }
    }

    private Process start(String master) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Training.class.getName()));
        command.addAll(List.of(folder.toString(), master));
        return new ProcessBuilder(command)
                .redirectError(folder.resolve("stderr").toFile())
                .start();
    }

    /** Returns the folders of copies on this machine's disk, each of which belongs to a rank. */
    private List<Path> copies() throws IOException {
        Path local = folder.resolve("local").resolve("finetune-" + System.getProperty("user.name"));
        try (Stream<Path> files = Files.list(local)) {
            return files.filter(Files::isDirectory).toList();
        }
    }
}
