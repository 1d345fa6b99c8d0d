package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.spark.doctor.Finding;
import java.util.List;
import org.junit.jupiter.api.Test;

class DoctorCommandTest extends CommandLineOverFakeJobs {
    @Test
    void reportsThatNothingIsWrong() {
        findings = List.of(
                new Finding("java", "17", null, ExitCode.DONE),
                new Finding("hub", "offline", "go online", ExitCode.DONE));

        assertThat(finetune("doctor", "--set", "cluster.ranks=3")).isZero();
        assertThat(out.toString().lines())
                .containsExactly("ok    java         17", "note  hub          offline: go online", "nothing is wrong");
        assertThat(calls).containsExactly("open", "examine 3", "close");
    }

    @Test
    void worstFindingDecidesTheExitCode() {
        findings = List.of(
                new Finding("disk", "full", "empty it", ExitCode.FAILED),
                new Finding("memory", "little", "buy some", ExitCode.CONFIG));

        assertThat(finetune("doctor", "--config", recipe())).isEqualTo(4);
        assertThat(out.toString())
                .contains("WRONG disk         full: empty it")
                .contains("2 of 2 findings are in the way of training");
        assertThat(calls).contains("examine 2 given");
    }

    @Test
    void reportsAnUnreadableConfigurationInOneLine() {
        assertThat(finetune("doctor", "--config", "none.yaml")).isEqualTo(2);
        assertThat(err.toString()).startsWith("error: none.yaml: no such file");
    }
}
