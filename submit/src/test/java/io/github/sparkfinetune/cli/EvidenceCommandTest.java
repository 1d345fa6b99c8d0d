package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

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
    void worksOnTheRunIfItIsGiven() throws IOException {
        results.put("verify-evidence", List.of());

        assertThat(onRun("verify-evidence", evidence("00").toString())).isZero();
        assertThat(calls).startsWith("open").endsWith("close");
    }

    @Test
    void requiresOneStageOfAPipeline() throws IOException {
        String folder = evidence(EMPTY).toString();
        String[] words = {"verify-evidence", folder, "--config", chain().toString()};

        assertThat(finetune(words)).isEqualTo(2);
        assertThat(err.toString()).contains("name one with --stage, of domain, labels");
        results.put("verify-evidence", List.of());
        assertThat(finetune(Stream.concat(Stream.of(words), Stream.of("--stage", "labels"))
                        .toArray(String[]::new)))
                .isZero();
    }
}
