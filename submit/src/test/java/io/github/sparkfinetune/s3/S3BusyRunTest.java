package io.github.sparkfinetune.s3;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.cli.Ended;
import io.github.sparkfinetune.data.files.HadoopFiles;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class S3BusyRunTest extends S3Runs {
    @Test
    @Tag("full")
    void busyServerEndsTheCommandInOneLineAndARetrySucceeds() throws Exception {
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

        s3.recover();
        Ended again = finetune("run", settings);

        assertThat(again.err()).doesNotContain("error:");
        assertThat(again.code()).isZero();
        // The training had ended, so the model is not trained again.
        assertThat(again.err().lines().filter(line -> line.startsWith("train ") && line.contains("1/8")))
                .isEmpty();
        assertThat(names("hasty", "run/model")).contains("config.json", "model.safetensors");
    }
}
