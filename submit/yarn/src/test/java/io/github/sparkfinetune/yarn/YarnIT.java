package io.github.sparkfinetune.yarn;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Trains from {@code hdfs:} to {@code hdfs:} on a real YARN, with the driver on this machine and in the cluster. */
@Timeout(900)
class YarnIT {
    private static final Path MODEL = Path.of("../../finetune-core/src/test/resources/golden/models/bert-seqcls")
            .toAbsolutePath();
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private static Path folder;

    private static MiniHadoop hadoop;
    private static FileSystem hdfs;
    private static Path sparkHome;

    @BeforeAll
    static void start() throws IOException {
        sparkHome = sparkHome();
        hadoop = MiniHadoop.start(folder);
        hdfs = hadoop.files();
        try (Stream<Path> files = Files.list(MODEL)) {
            for (Path file : files.toList()) {
                hdfs.copyFromLocalFile(path(file.toString()), path("/models/bert/" + file.getFileName()));
            }
        }
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            rows.append("{\"text\": \"mail ").append(i).append(" about ").append(i % 2 == 0 ? "money" : "work");
            rows.append("\", \"label\": \"").append(i % 2 == 0 ? "spam" : "ham").append("\"}\n");
        }
        write("/data/mails.jsonl", rows.toString());
        write("/run.yaml", """
                model: /models/bert
                task: classification
                data: {train: /data/mails.jsonl, test_fraction: 0.2, max_length: 16}
                training: {max_steps: 4, per_device_train_batch_size: 4, save_steps: 2}
                cluster: {ranks: 2}
                output: {dir: /runs/replaced}
                """);
    }

    @AfterAll
    static void stop() {
        if (hadoop != null) {
            hadoop.close();
        }
    }

    @Test
    void modelIsTheSameInClientAndClusterMode() throws Exception {
        int client = submit("client", "/runs/client", "run");
        int cluster = submit("cluster", "/runs/cluster", "run");

        assertThat(client).as(log("client", "run")).isZero();
        assertThat(cluster).as(log("cluster", "run")).isZero();
        assertThat(bytes("/runs/client/model/model.safetensors"))
                .isEqualTo(bytes("/runs/cluster/model/model.safetensors"));
        for (String output : List.of("/runs/client", "/runs/cluster")) {
            assertThat(status(output).path("exit_code").asInt()).isZero();
            assertThat(status(output).path("command").asText()).isEqualTo("run");
            assertThat(hdfs.exists(path(output + "/report.html"))).isTrue();
        }
    }

    @Test
    void statusHasTheExitCodeThatYarnDoesNotReport() throws Exception {
        int client = submit("client", "/runs/bad-client", "train");
        int cluster = submit("cluster", "/runs/bad-cluster", "train", "--conf", "spark.yarn.maxAppAttempts=1");

        assertThat(client).as(log("client", "train")).isEqualTo(3);
        assertThat(cluster).as("all that YARN tells").isNotZero();
        for (String output : List.of("/runs/bad-client", "/runs/bad-cluster")) {
            assertThat(status(output).path("exit_code").asInt()).isEqualTo(3);
            assertThat(status(output).path("message").asText()).contains("run prepare first");
        }
    }

    private static int submit(String mode, String output, String command, String... settings) throws Exception {
        String jar = Path.of(System.getProperty("dist.jar"))
                .toAbsolutePath()
                .normalize()
                .toString();
        List<String> line = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        line.addAll(List.of(System.getProperty("spark.opens").split(" ")));
        line.addAll(List.of("-cp", hadoop.clientConf() + ":" + sparkHome + "/jars/*"));
        line.addAll(List.of("org.apache.spark.deploy.SparkSubmit", "--master", "yarn", "--deploy-mode", mode));
        Map<String, String> conf = Map.of(
                "spark.yarn.jars", "local:" + sparkHome + "/jars/*",
                "spark.executor.instances", "2",
                "spark.executor.cores", "1",
                "spark.executor.memory", "512m",
                "spark.executor.memoryOverhead", "1500m",
                "spark.driver.memory", "512m",
                "spark.driver.memoryOverhead", "1g",
                "spark.ui.enabled", "false",
                "spark.yarn.submit.waitAppCompletion", "true",
                "spark.executorEnv.SPARK_SCALA_VERSION", "2.12");
        conf.forEach((key, value) -> line.addAll(List.of("--conf", key + "=" + value)));
        line.addAll(List.of(settings));
        line.addAll(List.of("--class", "io.github.sparkfinetune.cli.Finetune", "local:" + jar));
        line.addAll(List.of(command, "--config", hdfs.getUri() + "/run.yaml", "--set", "output.dir=" + output));
        ProcessBuilder submit = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(mode + "-" + command + ".log").toFile());
        submit.environment().put("HADOOP_CONF_DIR", hadoop.clientConf().toString());
        submit.environment().put("SPARK_HOME", sparkHome.toString());
        submit.environment().put("SPARK_SCALA_VERSION", "2.12");
        Process process = submit.start();
        if (!process.waitFor(400, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(mode + " " + command + " hangs: " + log(mode, command));
        }
        return process.exitValue();
    }

    private static String log(String mode, String command) throws IOException {
        return Files.readString(folder.resolve(mode + "-" + command + ".log"));
    }

    private static JsonNode status(String output) throws IOException {
        return JSON.readTree(bytes(output + "/status.json"));
    }

    private static byte[] bytes(String file) throws IOException {
        try (FSDataInputStream in = hdfs.open(path(file))) {
            return in.readAllBytes();
        }
    }

    private static void write(String file, String text) throws IOException {
        try (FSDataOutputStream out = hdfs.create(path(file))) {
            out.write(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
    }

    private static org.apache.hadoop.fs.Path path(String path) {
        return new org.apache.hadoop.fs.Path(path);
    }

    /** Returns the embedded Spark home with the jars for YARN. */
    private static Path sparkHome() throws IOException {
        Path jars = Files.createDirectories(folder.resolve("spark-home/jars"));
        for (String from :
                List.of(System.getProperty("embedded.spark.home") + "/jars", System.getProperty("yarn.jars"))) {
            try (Stream<Path> files = Files.list(Path.of(from))) {
                for (Path jar : files.toList()) {
                    Files.createSymbolicLink(jars.resolve(jar.getFileName()), jar.toRealPath());
                }
            }
        }
        return jars.getParent();
    }
}
