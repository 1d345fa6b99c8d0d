package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.job.SparkJobs;
import io.github.sparkfinetune.s3.FaultyS3;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The commands with every path on a real S3 server: sources, dataset, checkpoints, models, output, configuration. */
@Timeout(600)
class S3RunTest {
    private static final java.nio.file.Path MODEL =
            java.nio.file.Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");
    /** A bucket of which nothing is asked a second time. */
    private static final String HASTY = "hasty";

    private static final String SETTING = "spark.hadoop.";

    private static FaultyS3 s3;
    private static FileSystem files;

    @BeforeAll
    static void start() throws Exception {
        s3 = FaultyS3.start();
        s3.bucket("bucket");
        s3.bucket(HASTY);
        Configuration hadoop = new Configuration();
        // As spark-submit hands over its --conf.
        s3.settings().forEach((key, value) -> System.setProperty(SETTING + key, value));
        s3.settings().forEach(hadoop::set);
        // S3A repeats a request for minutes, unless it is told not to.
        for (String setting : List.of("attempts.maximum", "retry.limit", "retry.throttle.limit")) {
            System.setProperty(SETTING + "fs.s3a.bucket." + HASTY + "." + setting, "1");
        }
        // Another instance than the one of the commands, whose bucket's settings may differ.
        files = FileSystem.newInstance(new Path("s3a://bucket/").toUri(), hadoop);
        try (Stream<java.nio.file.Path> model = Files.list(MODEL)) {
            for (java.nio.file.Path file : model.toList()) {
                files.copyFromLocalFile(new Path(file.toUri()), new Path("s3a://bucket/base/" + file.getFileName()));
            }
        }
        put("mails.jsonl", mails());
        put("run.yaml", """
            model: s3a://bucket/base
            task: classification
            data:
              train: s3a://bucket/mails.jsonl
              eval_fraction: 0.3
              max_length: 16
              shards: 2
            training: {per_device_train_batch_size: 4, save_steps: 4, max_steps: 8, save_total_limit: 1, report_to: [tensorboard]}
            cluster: {ranks: 1}
            output: {dir: "s3a://bucket/run"}
            """);
    }

    @AfterAll
    static void stop() throws Exception {
        System.getProperties().keySet().removeIf(key -> key.toString().startsWith(SETTING));
        files.close();
        FileSystem.closeAll();
        s3.close();
    }

    @AfterEach
    void mend() {
        s3.mend();
    }

    private static String mails() {
        StringBuilder mails = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            mails.append("{\"text\": \"")
                    .append(i % 2 == 0 ? "the cat sat " : "a dog ran ")
                    .append(i)
                    .append("\", \"label\": \"")
                    .append(i % 2 == 0 ? "cat" : "dog")
                    .append("\"}\n");
        }
        return mails.toString();
    }

    private static void put(String name, String text) {
        HadoopFiles.writeWhole(files, new Path("s3a://bucket/" + name), text.getBytes(StandardCharsets.UTF_8));
    }

    private static FileSystem files(String bucket) throws Exception {
        Path path = new Path("s3a://" + bucket + "/");
        return bucket.equals("bucket") ? files : path.getFileSystem(files.getConf());
    }

    private static List<String> names(String bucket, String folder) throws Exception {
        Path path = new Path("s3a://" + bucket + "/" + folder);
        return Arrays.stream(files(bucket).listStatus(path))
                .map(file -> file.getPath().getName())
                .sorted()
                .toList();
    }

    private record Ended(int code, String err) {
        static Ended of(String... args) {
            StringWriter err = new StringWriter();
            int code = Finetune.execute(
                    SparkJobs::open,
                    Terminal.ofProcess(),
                    new PrintWriter(new StringWriter()),
                    new PrintWriter(err, true),
                    args);
            return new Ended(code, err.toString());
        }
    }

    private static Ended finetune(String command, String... more) {
        List<String> args = new ArrayList<>(List.of(command, "--local", "--config", "s3a://bucket/run.yaml"));
        args.addAll(List.of(more));
        return Ended.of(args.toArray(String[]::new));
    }

    /** Requests of which some are repeated by S3A, until they go well. */
    private static void aBadDay() {
        s3.inject(FaultyS3.Fault.SLOW_DOWN, 29, (method, target) -> true);
        s3.inject(FaultyS3.Fault.DROPPED, 37, (method, target) -> true);
        s3.inject(FaultyS3.Fault.CUT, 17, (method, target) -> method.equals("GET"));
        s3.inject(FaultyS3.Fault.SLOW, 31, (method, target) -> true);
    }

    private static void denyDeletes() {
        s3.inject(FaultyS3.Fault.DENIED, 1, (method, target) -> method.equals("DELETE") || target.endsWith("?delete"));
    }

    @Test
    void aRunAndItsPredictionsOnABadDayOfABucketFromWhichNothingMayBeDeleted() throws Exception {
        denyDeletes();
        aBadDay();

        Ended run = finetune("run");
        assertThat(run.err()).doesNotContain("error:");
        assertThat(run.code()).isZero();
        Ended predict = finetune("predict", "--input", "s3a://bucket/mails.jsonl");
        assertThat(predict.err()).doesNotContain("error:");
        assertThat(predict.code()).isZero();

        assertThat(names("bucket", "run/model")).contains("config.json", "model.safetensors");
        assertThat(names("bucket", "run"))
                .contains("metrics.json", "metrics.jsonl", "predicted.parquet", "predictions.parquet", "status.json");
        assertThat(names("bucket", "run/tensorboard")).anyMatch(name -> name.startsWith("events.out.tfevents."));
        assertThat(names("bucket", "run/predicted.parquet"))
                .contains("_SUCCESS")
                .noneMatch(name -> name.contains("_temporary"));
        assertThat(s3.requests()).noneMatch(request -> request.contains("_temporary"));
        for (FaultyS3.Fault fault : FaultyS3.Fault.values()) {
            assertThat(s3.injected(fault)).as(fault.name()).isPositive();
        }
    }

    @Test
    void aServerThatStaysBusyEndsACommandInOneLineAndTheSameOneGoesOnLater() throws Exception {
        String[] settings = {"--set", "output.dir=s3a://hasty/run", "--set", "data.dir=s3a://bucket/second"};
        s3.inject(
                FaultyS3.Fault.SLOW_DOWN,
                1,
                (method, target) -> method.equals("PUT") && target.startsWith("/hasty/run/model/model.safetensors"));

        Ended busy = finetune("run", settings);

        assertThat(busy.code()).isEqualTo(4);
        assertThat(busy.err().lines().filter(line -> line.startsWith("error:")))
                .singleElement()
                .asString()
                .contains("model.safetensors", "start the same command again");
        assertThat(names("hasty", "run/model")).doesNotContain("config.json");
        assertThat(HadoopFiles.readText(files(HASTY), new Path("s3a://hasty/run/status.json")))
                .contains("\"exit_code\": 4");

        s3.mend();
        Ended again = finetune("run", settings);

        assertThat(again.err()).doesNotContain("error:");
        assertThat(again.code()).isZero();
        // The training had ended: it is not done again.
        assertThat(again.err().lines().filter(line -> line.startsWith("train ") && line.contains("1/8")))
                .isEmpty();
        assertThat(names("hasty", "run/model")).contains("config.json", "model.safetensors");
    }

    @Test
    void theModelInUseIsOneObjectThatIsReplacedWithoutADelete() throws Exception {
        denyDeletes();
        String[] pointer = {"--pointer", "s3a://bucket/in-use.json"};
        for (String run : List.of("one", "two")) {
            put(run + "/metrics.json", "{\"test\": {\"loss\": " + (run.equals("one") ? 0.5 : 0.4) + "}}");
            Ended promoted = finetune("promote", "--set", "output.dir=s3a://bucket/" + run, pointer[0], pointer[1]);
            assertThat(promoted.err()).isEmpty();
            assertThat(promoted.code()).isZero();
            assertThat(inUse()).contains("\"s3a://bucket/" + run + "/model\"");
        }

        Ended back = Ended.of("rollback", pointer[0], pointer[1]);

        assertThat(back.err()).isEmpty();
        assertThat(back.code()).isZero();
        assertThat(inUse()).contains("\"s3a://bucket/one/model\"").doesNotContain("two");
    }

    private static String inUse() throws Exception {
        return HadoopFiles.readText(files, new Path("s3a://bucket/in-use.json"));
    }

    @Test
    void aConfigurationThatIsNotThereIsAnotherErrorThanABusyServer() {
        Ended missing = Ended.of("plan", "--config", "s3a://hasty/none.yaml");
        assertThat(missing.code()).isEqualTo(2);
        assertThat(missing.err()).startsWith("error: s3a://hasty/none.yaml: can not be read: No such file");

        s3.inject(FaultyS3.Fault.SLOW_DOWN, 1, (method, target) -> target.contains("run.yaml"));
        Ended busy = Ended.of("plan", "--config", "s3a://hasty/run.yaml");
        assertThat(busy.code()).isEqualTo(4);
        assertThat(busy.err())
                .startsWith("error: s3a://hasty/run.yaml: can not be read: ")
                .contains("503");

        Ended unknown = Ended.of("plan", "--config", "s9:/run.yaml");
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err()).contains("no file system for s9: is there");
    }
}
