package io.github.sparkfinetune.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.core.train.Precision;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.speed.SlowRank;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ProgressTest {
    @Test
    void namesASlowRankOnItsOwnLine() {
        StringWriter shown = new StringWriter();
        try (Progress progress = new Progress(new PrintWriter(shown, true), true, () -> 0)) {
            progress.add(record(1, null));
            progress.add(record(2, new SlowRank(3, "rank 3 (host-b:7077)", 1.25, 0.5)));
            progress.add(record(3, null));
        }
        assertThat(shown.toString().lines().filter(line -> line.startsWith("warning")))
                .containsExactly(
                        "warning   rank 3 (host-b:7077) computes a step in 1.25 s, the others in 0.50 s and wait:"
                                + " is its machine busy or slower?");
    }

    @Test
    void showsThePrecisionAndItsReasonBeforeTheFirstStep() {
        StringWriter shown = new StringWriter();
        Precision precision =
                new Precision(PrecisionChoice.BF16, "products are 2.0 times as fast as in fp32 on rank 0");
        try (Progress progress = new Progress(new PrintWriter(shown, true), false, () -> 0)) {
            progress.add(new TrainingRecord(9, 9, 1, 1.0, 1e-3, 1.0, 1.0, 1.0, null, precision, null));
        }
        assertThat(shown.toString().lines())
                .startsWith("precision bf16: products are 2.0 times as fast as in fp32 on rank 0")
                .hasSize(2);
    }

    @Test
    void showsOtherLinesOnTheirOwn() {
        StringWriter shown = new StringWriter();
        try (Progress progress = new Progress(new PrintWriter(shown, true), true, () -> 0)) {
            progress.add(record(1, null));
            progress.say("warning   MLflow does not answer");
        }
        assertThat(shown.toString()).endsWith("\u001b[K\nwarning   MLflow does not answer\n");
    }

    private static TrainingRecord record(long step, SlowRank slow) {
        return new TrainingRecord(step, 9, 0.1, 1.0, 1e-3, 1.0, 1.0, 1.0, null, null, slow);
    }
}
