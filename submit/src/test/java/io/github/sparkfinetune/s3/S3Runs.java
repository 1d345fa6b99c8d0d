package io.github.sparkfinetune.s3;

import io.github.sparkfinetune.cli.Ended;
import io.github.sparkfinetune.data.files.HadoopFiles;
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
import org.junit.jupiter.api.Timeout;

/** Runs commands with every path on a real S3 server: sources, dataset, checkpoints, models, output, configuration. */
@Timeout(600)
abstract class S3Runs {
    private static final java.nio.file.Path MODEL =
            java.nio.file.Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");
    /** A bucket whose requests S3A does not repeat. */
    static final String HASTY = "hasty";

    private static final String SETTING = "spark.hadoop.";

    static FaultyS3 s3;
    static FileSystem files;

    @BeforeAll
    static void start() throws Exception {
        s3 = FaultyS3.start();
        s3.bucket("bucket");
        s3.bucket(HASTY);
        Configuration hadoop = new Configuration();
        // spark-submit passes its --conf as system properties.
        s3.settings().forEach((key, value) -> System.setProperty(SETTING + key, value));
        s3.settings().forEach(hadoop::set);
        // By default S3A repeats a request for minutes.
        for (String setting : List.of("attempts.maximum", "retry.limit", "retry.throttle.limit")) {
            System.setProperty(SETTING + "fs.s3a.bucket." + HASTY + "." + setting, "1");
        }
        // Not the commands' instance, because its settings of the bucket may differ.
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
    void recover() {
        s3.recover();
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

    static void put(String name, String text) {
        HadoopFiles.writeWhole(files, new Path("s3a://bucket/" + name), text.getBytes(StandardCharsets.UTF_8));
    }

    static FileSystem files(String bucket) throws Exception {
        Path path = new Path("s3a://" + bucket + "/");
        return bucket.equals("bucket") ? files : path.getFileSystem(files.getConf());
    }

    static List<String> names(String bucket, String folder) throws Exception {
        Path path = new Path("s3a://" + bucket + "/" + folder);
        return Arrays.stream(files(bucket).listStatus(path))
                .map(file -> file.getPath().getName())
                .sorted()
                .toList();
    }

    static Ended finetune(String command, String... more) {
        List<String> args = new ArrayList<>(List.of(command, "--local", "--config", "s3a://bucket/run.yaml"));
        args.addAll(List.of(more));
        return Ended.of(args.toArray(String[]::new));
    }
}
