package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.error.RunException;
import org.junit.jupiter.api.Test;

class PlanCommandTest extends CommandLineOverFakeJobs {
    @Test
    void showsThePlanAndFailsAsTrainWould() {
        assertThat(finetune("plan", "--config", recipe())).isZero();
        assertThat(calls).containsExactly("open", "plan", "close");
        assertThat(out.toString())
                .contains("trained     460,800 (0.34%)")
                .contains("warning     data.train: mails.csv.gz is read by one core");

        failure = RunException.config("spark.executor.memoryOverhead is 384m: set 1536m");
        assertThat(finetune("plan", "--config", recipe())).isEqualTo(2);
        assertThat(err.toString())
                .isEqualTo("error: spark.executor.memoryOverhead is 384m: set 1536m" + System.lineSeparator());
    }

    @Test
    void showsTheTimeOfTheRunWhereItIsMeasured() {
        assertThat(finetune("plan", "--config", recipe(), "--measure")).isZero();
        assertThat(calls).containsExactly("open", "plan", "measure", "close");
        assertThat(out.toString())
                .contains(
                        "time        1:08:20 for the steps, 10.25 s each (measured in 9); evaluations and checkpoints");
    }
}
