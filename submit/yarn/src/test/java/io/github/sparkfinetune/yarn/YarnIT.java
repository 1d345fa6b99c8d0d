package io.github.sparkfinetune.yarn;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Trains from {@code hdfs:} to {@code hdfs:} on a real YARN, with the driver on this machine and in the cluster. */
@Timeout(900)
class YarnIT {
    @TempDir
    private static Path folder;

    private static MiniHadoop hadoop;
    private static Submits submits;

    @BeforeAll
    static void start() throws IOException {
        hadoop = MiniHadoop.start(folder);
        submits = Submits.prepare(folder, hadoop, "max_steps: 4, per_device_train_batch_size: 4, save_steps: 2");
    }

    @AfterAll
    static void stop() {
        if (hadoop != null) {
            hadoop.close();
        }
    }

    @Test
    void modelIsTheSameInClientAndClusterMode() throws Exception {
        int client = submits.submit("client", "run", "/runs/client");
        int cluster = submits.submit("cluster", "run", "/runs/cluster");

        assertThat(client).as(submits.log("/runs/client")).isZero();
        assertThat(cluster).as(submits.log("/runs/cluster")).isZero();
        assertThat(submits.bytes("/runs/client/model/model.safetensors"))
                .isEqualTo(submits.bytes("/runs/cluster/model/model.safetensors"));
        for (String output : List.of("/runs/client", "/runs/cluster")) {
            assertThat(submits.status(output).path("exit_code").asInt()).isZero();
            assertThat(submits.status(output).path("command").asText()).isEqualTo("run");
            assertThat(hadoop.files().exists(Submits.path(output + "/report.html")))
                    .isTrue();
        }
    }

    @Test
    void statusHasTheExitCodeThatYarnDoesNotReport() throws Exception {
        int client = submits.submit("client", "train", "/runs/bad-client");
        int cluster = submits.submit("cluster", "train", "/runs/bad-cluster", "--conf", "spark.yarn.maxAppAttempts=1");

        assertThat(client).as(submits.log("/runs/bad-client")).isEqualTo(3);
        assertThat(cluster).as("all that YARN tells").isNotZero();
        for (String output : List.of("/runs/bad-client", "/runs/bad-cluster")) {
            assertThat(submits.status(output).path("exit_code").asInt()).isEqualTo(3);
            assertThat(submits.status(output).path("message").asText()).contains("run prepare first");
        }
    }
}
