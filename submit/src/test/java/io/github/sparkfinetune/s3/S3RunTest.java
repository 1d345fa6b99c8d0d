package io.github.sparkfinetune.s3;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.cli.Ended;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;

class S3RunTest extends S3Runs {
    /** Makes some requests fail, which S3A repeats until they succeed. */
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
    void runsAndPredictsDespiteFaultsInABucketThatDeniesDeletes() throws Exception {
        denyDeletes();
        aBadDay();

        Ended run = finetune("run");
        assertThat(run.err()).doesNotContain("error:");
        assertThat(run.code()).isZero();
        Ended predict = finetune("predict", "--input", "s3a://bucket/mails.jsonl");
        assertThat(predict.err()).doesNotContain("error:");
        assertThat(predict.code()).isZero();

        Ended evidence = finetune("evidence", "--output", "s3a://bucket/evidence.zip");
        assertThat(evidence.err()).doesNotContain("error:");
        assertThat(evidence.code()).isZero();
        Ended verified = finetune("verify-evidence", "s3a://bucket/evidence.zip");
        assertThat(verified.err()).doesNotContain("error:");
        assertThat(verified.code()).isZero();

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
    void replacesThePointerToTheModelInUseWithoutADelete() throws Exception {
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
    void distinguishesAMissingConfigurationFromABusyServer() {
        Ended missing = Ended.of("plan", "--config", "s3a://hasty/none.yaml");
        assertThat(missing.code()).isEqualTo(2);
        assertThat(missing.err()).startsWith("error: s3a://hasty/none.yaml: cannot be read: No such file");

        s3.inject(FaultyS3.Fault.SLOW_DOWN, 1, (method, target) -> target.contains("run.yaml"));
        Ended busy = Ended.of("plan", "--config", "s3a://hasty/run.yaml");
        assertThat(busy.code()).isEqualTo(4);
        assertThat(busy.err())
                .startsWith("error: s3a://hasty/run.yaml: cannot be read: ")
                .contains("503");

        Ended unknown = Ended.of("plan", "--config", "s9:/run.yaml");
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err()).contains("no file system for s9: is there");
    }
}
