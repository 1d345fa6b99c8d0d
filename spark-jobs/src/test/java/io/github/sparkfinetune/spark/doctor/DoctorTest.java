package io.github.sparkfinetune.spark.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorTest {
    @TempDir
    private Path dir;

    private Examination examination(RunConfig run, Map<String, String> environment, String... settings) {
        SparkConf spark = new SparkConf(false).set("spark.master", "local[2]");
        for (int i = 0; i < settings.length; i += 2) {
            spark.set(settings[i], settings[i + 1]);
        }
        return new Examination(run, true, spark, new Configuration(), environment, () -> null, config -> {
            throw RunException.config("there is no model");
        });
    }

    @Test
    void reportsThatThisMachineComputes() {
        List<Finding> findings = new MachinesCheck().findings(examination(Runs.in(dir), Map.of()));

        assertThat(findings).extracting(Finding::about).contains("pytorch", "machine", "disk");
        assertThat(findings)
                .filteredOn(finding -> finding.about().equals("pytorch"))
                .allSatisfy(finding -> {
                    assertThat(finding.code()).isEqualTo(ExitCode.DONE);
                    assertThat(finding.found()).matches(".*computes, \\d+ GFLOP/s a core");
                });
    }

    @Test
    void reportsWhatAMachineLacks() {
        MachineFacts facts = new MachineFacts(
                "w1",
                new MachineFacts.Hardware(8, Set.of(), 1L << 20),
                new MachineFacts.Software("17", "no glibc"),
                new MachineFacts.TorchProbe(0, "no libtorch"),
                List.of("w2:99"));

        assertThat(MachinesCheck.findings(facts, 2L << 30))
                .extracting(Finding::about, Finding::code)
                .containsExactly(
                        tuple("pytorch", ExitCode.CONFIG),
                        tuple("machine", ExitCode.DONE),
                        tuple("disk", ExitCode.CONFIG),
                        tuple("network", ExitCode.FAILED));
    }

    @Test
    void reportsMissingPaths() throws IOException {
        Files.createDirectories(dir.resolve("model"));

        assertThat(new FileSystemsCheck().findings(examination(Runs.in(dir), Map.of())))
                .extracting(Finding::about, Finding::code)
                .containsExactly(
                        tuple("model", ExitCode.DONE),
                        tuple("data.train", ExitCode.CONFIG),
                        tuple("output.dir", ExitCode.DONE));
    }

    @Test
    void reportsSettingsUnderWhichTrainingCannotStart() {
        assertThat(new SparkCheck()
                        .findings(examination(
                                Runs.in(dir), Map.of("SPARK_HOME", dir.toString()), "spark.master", "local[1]")))
                .filteredOn(finding -> finding.code() == ExitCode.CONFIG)
                .extracting(Finding::about)
                .containsExactly("SPARK_HOME", "settings");
    }

    @Test
    void neverShowsTheToken() {
        List<Finding> findings = new HubCheck()
                .findings(examination(Runs.in(dir), Map.of("HF_TOKEN", "hf_secret", "HF_HUB_OFFLINE", "1")));

        assertThat(findings)
                .allSatisfy(finding -> assertThat(finding.toString()).doesNotContain("secret"));
        assertThat(findings.get(0).found()).contains("offline", "with a token");
    }

    @Test
    void continuesAfterAFailedCheck() {
        Check broken = examination -> {
            throw RunException.failed("it is gone", null);
        };
        Check fine = examination -> List.of(Finding.ok("this", "fine"));

        assertThat(Doctor.examine(List.of(broken, fine), examination(Runs.in(dir), Map.of())))
                .extracting(Finding::code)
                .containsExactly(ExitCode.FAILED, ExitCode.DONE);
    }

    /** Separate executors connect to each other and examine their machine. */
    @Test
    void examinesExecutors() {
        RunConfig run = Runs.in(dir);
        try (SparkSession spark = SparkSessions.open(run, "doctor", "local-cluster[2,1,512]", Map.of())) {
            Examination examination = new Examination(
                    run,
                    false,
                    spark.sparkContext().getConf(),
                    spark.sparkContext().hadoopConfiguration(),
                    Map.of(),
                    () -> spark,
                    config -> null);

            assertThat(new MachinesCheck().findings(examination))
                    .hasSize(6)
                    .allSatisfy(finding -> assertThat(finding.about()).isNotEqualTo("network"))
                    .filteredOn(finding -> finding.about().equals("pytorch"))
                    .allSatisfy(finding -> assertThat(finding.code()).isEqualTo(ExitCode.DONE));
        }
    }
}
