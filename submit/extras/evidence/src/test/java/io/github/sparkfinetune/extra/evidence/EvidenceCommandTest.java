package io.github.sparkfinetune.extra.evidence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.command.Call;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvidenceCommandTest {
    private static final EvidenceCommand COMMAND = new EvidenceCommand();

    @TempDir
    private Path dir;

    private Call call() {
        RunConfig run = Runs.in(dir);
        return Call.on(Configuration::new, run);
    }

    @Test
    void saysWhatWasCollected() {
        EvidenceIndex index = new EvidenceIndex(
                EvidenceIndex.SCHEMA_VERSION,
                "1.2.3",
                "2026-01-01T00:00:00Z",
                new EvidenceIndex.Run("mails", "classification", "file:/run"),
                List.of(),
                List.of(new EvidenceIndex.Group("model", "output", "file:/run", 1, 2, "00ff", "hashes/model.sha256")),
                new EvidenceIndex.Data(List.of(), 0, Map.of(), null),
                List.of(new EvidenceIndex.Figure("test", "accuracy", 0.75, "finetune evaluate")));
        EvidenceJob.Collected collected =
                new EvidenceJob.Collected("file:/evidence", index, List.of("no bill of materials"));

        assertThat(COMMAND.text(new EvidenceCommand.Options(null, "key.pem", null), collected))
                .containsExactly(
                        "warning   no bill of materials",
                        "hashed    model: 1 file(s)",
                        "figures   1",
                        "evidence  file:/evidence, signed");
    }

    @Test
    void refusesAnUnfinishedRunAndABadKeyFirst() throws IOException {
        assertThatThrownBy(() -> COMMAND.run(call(), new EvidenceCommand.Options(null, null, null)))
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageEndingWith("run is not a finished run: train and evaluate it first");

        Files.createDirectories(dir.resolve("run"));
        Files.writeString(
                dir.resolve("run/metrics.json"), "{\"train\": {\"steps\": 2}, \"test\": {\"accuracy\": 0.75}}");
        Path key = Files.writeString(dir.resolve("key.pem"), "no key");
        assertThatThrownBy(() -> COMMAND.run(call(), new EvidenceCommand.Options(null, key.toString(), null)))
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.CONFIG))
                .hasMessageContaining("is not an Ed25519 private key in PEM");
    }

    @Test
    void aVerdictIsALine() {
        assertThat(Verdict.holds("figures", "1 as in metrics.json").line()).isEqualTo("figures   1 as in metrics.json");
        assertThat(Verdict.differs("predictions", "part-00000.parquet is missing")
                        .line())
                .isEqualTo("predictions DIFFERS: part-00000.parquet is missing");
    }
}
