package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PredictCommandTest extends CommandLineOverFakeJobs {
    @Test
    void writesPredictionsToTheRunsFolderByDefault() {
        String[] predict = {"predict", "--config", recipe(), "--set", "output.dir=" + dir, "--input", "questions.jsonl"
        };
        assertThat(finetune(predict)).isZero();
        assertThat(calls).containsExactly("open", "predict questions.jsonl predicted.parquet", "close");
        assertThat(out.toString()).isEqualToNormalizingNewlines("predicted " + dir.resolve("predicted.parquet") + "\n");

        calls.clear();
        String[] elsewhere = {
            "predict", "--config", recipe(), "--set", "output.dir=" + dir, "--input", "a", "--output", dir + "/b"
        };
        assertThat(finetune(elsewhere)).isZero();
        assertThat(calls).containsExactly("open", "predict a b", "close");
    }

    @Test
    void printsTheAgreementOfInt8WithF32() {
        assertThat(finetune(
                        "predict",
                        "--config",
                        recipe(),
                        "--set",
                        "output.dir=" + dir,
                        "--set",
                        "predict.precision=int8",
                        "--input",
                        "a",
                        "--output",
                        dir + "/b"))
                .isZero();
        assertThat(out.toString())
                .contains("int8      of the first 256 rows 255 (99.6 %) are predicted as in fp32; numbers differ by at"
                        + " most 0.013");
    }

    @Test
    void coverageIsAKeyOfTheConfiguration() {
        assertThat(finetune("predict", "--config", recipe(), "--input", "a", "--coverage", "1.5"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("predict.coverage: 1.5 is not allowed, it must be in [0, 1)");
    }
}
