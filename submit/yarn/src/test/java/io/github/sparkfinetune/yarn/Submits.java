package io.github.sparkfinetune.yarn;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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

/** Commands of the distribution that spark-submit starts on a {@link MiniHadoop}, and their files on HDFS. */
final class Submits {
    private static final Path MODEL = Path.of("../../finetune-core/src/test/resources/golden/models/bert-seqcls")
            .toAbsolutePath();
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final MiniHadoop hadoop;
    private final FileSystem hdfs;
    private final Path sparkHome;

    private Submits(Path folder, MiniHadoop hadoop, Path sparkHome) throws IOException {
        this.folder = folder;
        this.hadoop = hadoop;
        this.hdfs = hadoop.files();
        this.sparkHome = sparkHome;
    }

    /**
     * Puts a model, mails and {@code run.yaml} on HDFS.
     *
     * @param training the settings of {@code training}
     */
    static Submits prepare(Path folder, MiniHadoop hadoop, String training) throws IOException {
        Submits submits = new Submits(folder, hadoop, sparkHome(folder));
        try (Stream<Path> files = Files.list(MODEL)) {
            for (Path file : files.toList()) {
                submits.hdfs.copyFromLocalFile(path(file.toString()), path("/models/bert/" + file.getFileName()));
            }
        }
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            rows.append("{\"text\": \"mail ").append(i).append(" about ").append(i % 2 == 0 ? "money" : "work");
            rows.append("\", \"label\": \"").append(i % 2 == 0 ? "spam" : "ham").append("\"}\n");
        }
        submits.write("/data/mails.jsonl", rows.toString());
        submits.write("/run.yaml", """
                model: /models/bert
                task: classification
                data: {train: /data/mails.jsonl, test_fraction: 0.2, max_length: 16}
                training: {%s}
                cluster: {ranks: 2}
                output: {dir: /runs/replaced}
                """.formatted(training));
        return submits;
    }

    /** Returns the exit code of a command whose driver is on this machine or, with the mode cluster, on YARN. */
    int submit(String mode, String command, String output, String... settings) throws Exception {
        return submit(Map.of(), mode, command, output, settings);
    }

    /** Submits with more variables of the environment. */
    int submit(Map<String, String> environment, String mode, String command, String output, String... settings)
            throws Exception {
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
                .redirectOutput(logFile(output).toFile());
        submit.environment().put("HADOOP_CONF_DIR", hadoop.clientConf().toString());
        submit.environment().put("SPARK_HOME", sparkHome.toString());
        submit.environment().put("SPARK_SCALA_VERSION", "2.12");
        submit.environment().putAll(environment);
        Process process = submit.start();
        if (!process.waitFor(1200, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(mode + " " + command + " hangs: " + log(output));
        }
        return process.exitValue();
    }

    /** Returns what the last command with this output folder printed. */
    String log(String output) throws IOException {
        return Files.readString(logFile(output));
    }

    private Path logFile(String output) {
        return folder.resolve(Path.of(output).getFileName() + ".log");
    }

    JsonNode status(String output) throws IOException {
        return JSON.readTree(bytes(output + "/status.json"));
    }

    byte[] bytes(String file) throws IOException {
        try (FSDataInputStream in = hdfs.open(path(file))) {
            return in.readAllBytes();
        }
    }

    private void write(String file, String text) throws IOException {
        try (FSDataOutputStream out = hdfs.create(path(file))) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    static org.apache.hadoop.fs.Path path(String path) {
        return new org.apache.hadoop.fs.Path(path);
    }

    /** Returns the embedded Spark home with the jars for YARN. */
    private static Path sparkHome(Path folder) throws IOException {
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
