package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.spark.evidence.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class EvidenceCommandTest extends CommandLineOverFakeJobs {
    /** SHA-256 of no bytes. */
    private static final String EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private int onRun(String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of("--config", recipe(), "--set", "output.dir=" + dir.resolve("run")));
        return finetune(all.toArray(String[]::new));
    }

    private void finish() throws IOException {
        Files.createDirectories(dir.resolve("run"));
        Files.writeString(
                dir.resolve("run/metrics.json"), "{\"train\": {\"steps\": 2}, \"test\": {\"accuracy\": 0.75}}");
    }

    private Path evidence(String sha256) throws IOException {
        Path folder = Files.createDirectories(dir.resolve("evidence"));
        Files.writeString(folder.resolve("run.yaml"), "");
        Files.writeString(folder.resolve("evidence.json"), """
                {"schema_version": 1, "version": "1.2.3", "created": "2026-01-01T00:00:00Z",
                 "run": {"name": "mails", "task": "classification", "output": "file:/run"},
                 "files": [{"name": "run.yaml", "bytes": 0, "sha256": "%s"}], "hashes": [],
                 "data": {"sources": [], "erased": 0, "redacted": {}}, "figures": []}
                """.formatted(sha256));
        return folder;
    }

    @Test
    void collectsTheEvidenceOfAFinishedRun() throws IOException {
        finish();

        assertThat(onRun("evidence", "--output", "e.zip", "--answers", "a.yaml"))
                .isZero();

        assertThat(calls).contains("collect e.zip {test={accuracy=0.75}} a.yaml");
        assertThat(out.toString().lines())
                .containsExactly(
                        "warning   no bill of materials",
                        "hashed    model: 1 file(s)",
                        "figures   1",
                        "evidence  file:/evidence");
    }

    @Test
    void refusesAnUnfinishedRunAndABadKeyFirst() throws IOException {
        assertThat(onRun("evidence")).isEqualTo(3);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .startsWith("error: ")
                .endsWith("run is not a finished run: train and evaluate it first");

        finish();
        err.getBuffer().setLength(0);
        Path key = Files.writeString(dir.resolve("key.pem"), "no key");
        assertThat(onRun("evidence", "--sign", key.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("is not an Ed25519 private key in PEM");
        assertThat(calls).noneMatch(call -> call.startsWith("collect"));
    }

    @Test
    void verifiesEvidenceAlone() throws IOException {
        String folder = evidence(EMPTY).toString();

        assertThat(finetune("verify-evidence", folder)).isZero();
        assertThat(out.toString().lines())
                .containsExactly(
                        "signature none: the index itself may have been changed", "files     1 as in the index");
        assertThat(calls).isEmpty();
    }

    @Test
    void failsIfAFindingDiffers() throws IOException {
        String folder = evidence("00").toString();

        assertThat(finetune("verify-evidence", folder)).isEqualTo(3);
        assertThat(out.toString()).contains("file      DIFFERS: run.yaml has other content than in the index");
        assertThat(err.toString().lines())
                .containsExactly("error: " + folder + " does not hold: 1 of 2 checks differ, see above");
    }

    @Test
    void comparesTheRunIfItIsGiven() throws IOException {
        finish();
        String folder = evidence(EMPTY).toString();
        verdicts = List.of(
                new Verdict("figures", "1 as in metrics.json", false),
                new Verdict("predictions", "part-00000.parquet is missing", true));

        assertThat(onRun("verify-evidence", folder)).isEqualTo(3);
        assertThat(calls).containsExactly("open", "compare mails {test={accuracy=0.75}}", "close");
        assertThat(out.toString())
                .contains("figures   1 as in metrics.json")
                .contains("predictions DIFFERS: part-00000.parquet is missing");
        assertThat(err.toString()).contains("1 of 4 checks differ");
    }

    @Test
    void requiresOneStageOfAPipeline() throws IOException {
        String folder = evidence(EMPTY).toString();
        String[] words = {"verify-evidence", folder, "--config", chain().toString()};

        assertThat(finetune(words)).isEqualTo(2);
        assertThat(err.toString()).contains("name a stage with --stage, of domain, labels");
        assertThat(finetune(Stream.concat(Stream.of(words), Stream.of("--stage", "labels"))
                        .toArray(String[]::new)))
                .isZero();
    }
}
