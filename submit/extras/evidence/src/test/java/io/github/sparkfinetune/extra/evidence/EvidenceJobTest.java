package io.github.sparkfinetune.extra.evidence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.group.GroupsFile;
import io.github.sparkfinetune.spark.predict.EvaluateJob;
import io.github.sparkfinetune.spark.predict.Scores;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.run.ModelDigest;
import io.github.sparkfinetune.spark.train.TrainJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Evidence of a tiny real run. */
@Timeout(300)
class EvidenceJobTest {
    private static final Path MODELS = Path.of("../finetune-core/src/test/resources/golden/models");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private static Path folder;

    private static SparkSession spark;
    private static RunConfig config;
    private static Map<String, Map<String, Double>> figures;

    private static RunConfig config(String output, String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "model=" + MODELS.resolve("bert-seqcls").toAbsolutePath().normalize(),
                "data.train=" + folder.resolve("rows.jsonl"),
                "data.eval_fraction=0.0",
                "data.test_fraction=0.2",
                "data.max_length=16",
                "data.shards=2",
                "data.redact.entities=[EMAIL_ADDRESS]",
                "data.redact.keep=[secretword@kept.org]",
                "classification.class_weight={felines: 1.5}",
                "training.max_steps=3",
                "training.per_device_train_batch_size=4",
                "output.dir=" + folder.resolve(output)));
        all.addAll(List.of(settings));
        return Runs.in(folder, all.toArray(String[]::new));
    }

    @BeforeAll
    static void train() throws IOException {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            rows.add("{\"text\": \"secretword a@b.org " + (i % 2 == 0 ? "a cat " : "the dog ") + i + "\", \"label\": \""
                    + (i % 2 == 0 ? "felines" : "canines") + "\"}");
        }
        Files.write(folder.resolve("rows.jsonl"), rows);
        config = config("run");
        spark = SparkSessions.open(config, "test", "local[2]", Map.of());
        PrepareJob.run(spark, config);
        TrainJob.run(spark, config, record -> {});
        figures = Scores.bySet(EvaluateJob.run(spark, config));
        Files.writeString(folder.resolve("run/metrics.json"), "{}");
    }

    private static EvidenceJob.Request request(String name, Keys keys, Path answers) {
        return new EvidenceJob.Request(
                folder.resolve(name).toString(),
                figures,
                answers == null ? null : answers.toString(),
                keys == null ? null : keys.privateKey());
    }

    private static Evidence read(String name) {
        return Evidence.read(folder.resolve(name).toString(), new Configuration());
    }

    @Test
    void describesTheRunWithoutItsText() throws Exception {
        Path answers = Files.writeString(folder.resolve("answers.yaml"), "provider: Acme\nlicense: CC0-1.0\n");

        EvidenceJob.Collected collected = new EvidenceJob(spark, config).collect(request("described", null, answers));

        Evidence evidence = read("described");
        assertThat(evidence.index()).isEqualTo(collected.index());
        assertThat(evidence.files())
                .containsOnlyKeys(
                        "evidence.json",
                        "run.yaml",
                        "model-card.md",
                        "dataset-card.md",
                        "croissant.json",
                        "training-content.md",
                        "lineage.jsonl",
                        "hashes/base.sha256",
                        "hashes/dataset.sha256",
                        "hashes/model.sha256",
                        "hashes/predictions.sha256",
                        "hashes/checkpoints.sha256",
                        "hashes/results.sha256");
        assertThat(evidence.files().keySet())
                .allSatisfy(name -> assertThat(evidence.text(name))
                        .doesNotContain("secretword", "a@b.org", "kept.org", "felines", "canines"));
        assertThat(collected.index().data().redacted()).containsEntry("EMAIL_ADDRESS", 40L);
        assertThat(collected.index().figures()).anySatisfy(figure -> {
            assertThat(figure.shown()).isEqualTo("test accuracy");
            assertThat(figure.command()).isEqualTo("finetune evaluate --config run.yaml");
        });
        assertThat(evidence.text("training-content.md"))
                .contains("Provider name and contact details: Acme", "| redacted: EMAIL_ADDRESS | 40 |")
                .contains("[to be filled in: crawled]", "### 2.6. Other sources of data")
                .doesNotContain("to be filled in: provider]");
        assertThat(collected.warnings()).anyMatch(line -> line.startsWith("16 fields of training-content.md"));
        JsonNode croissant = JSON.readTree(evidence.text("croissant.json"));
        assertThat(croissant.path("license").asText()).isEqualTo("CC0-1.0");
        assertThat(croissant.path("recordSet"))
                .extracting(set -> set.path("name").asText())
                .containsExactly("train", "test");
        assertThat(croissant.at("/recordSet/0/field"))
                .extracting(field -> field.path("name").asText() + " "
                        + field.path("dataType").asText())
                .containsExactly("input_ids cr:Int32", "label cr:Int32");
    }

    @Test
    void namesNeitherTheGroupOfTheRunNorErasedDocuments() throws Exception {
        Files.createDirectories(folder.resolve("all/groups"));
        RunConfig own = copied("all/groups/patient Mustermann");
        new GroupsFile("patient", Map.of(), List.of("patient Mustermann"))
                .write(new org.apache.hadoop.fs.Path(folder.resolve("all").toUri()), new Configuration());
        Files.writeString(folder.resolve("all/groups/patient Mustermann/erasure.json"), """
                [{"started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:01:00Z", "documents": ["0123abcd", "4567cdef"],
                "samples": {"training": 2, "held_out": 0}, "replay": {"first_use": 1, "steps": 3, "trains": true},
                "changes": {"rewritten": [], "deleted": []}, "outside": []}]
                """);

        new EvidenceJob(spark, own).collect(request("of-group", null, null));

        Evidence evidence = read("of-group");
        assertThat(evidence.files().keySet())
                .allSatisfy(
                        name -> assertThat(evidence.text(name)).doesNotContain("Mustermann", "0123abcd", "4567cdef"));
        assertThat(evidence.index().run().name()).isEqualTo("GROUP");
        assertThat(evidence.index().run().output()).endsWith("/all/groups/GROUP");
        assertThat(JSON.readTree(evidence.text("erasure.json"))
                        .at("/0/documents")
                        .asInt())
                .isEqualTo(2);
        assertThat(new EvidenceJob(spark, own).compare(evidence, figures)).noneMatch(Verdict::differs);
    }

    @Test
    void modelHasTheHashOfTheLineage() throws Exception {
        new EvidenceJob(spark, config).collect(request("hashed.zip", null, null));

        ModelDigest digest = ModelDigest.kept(
                        new org.apache.hadoop.fs.Path(config.output().model()), new Configuration())
                .orElseThrow();
        assertThat(read("hashed.zip").index().hashes())
                .filteredOn(group -> group.name().equals("model"))
                .singleElement()
                .satisfies(group -> {
                    assertThat(group.sha256()).isEqualTo(digest.hash());
                    assertThat(group.files()).isEqualTo(digest.files());
                    assertThat(group.bytes()).isEqualTo(digest.bytes());
                });
        assertThat(read("hashed.zip").text("lineage.jsonl").lines())
                .hasSize(3)
                .anyMatch(event -> event.contains(digest.hash()));
    }

    @Test
    void namesEverythingThatWasChanged() throws Exception {
        Keys keys = Keys.in(folder, "key");
        RunConfig other = copied("changed");
        new EvidenceJob(spark, other).collect(request("signed", keys, null));
        assertThat(read("signed").check(keys.publicKey())).noneMatch(Verdict::differs);
        assertThat(new EvidenceJob(spark, other).compare(read("signed"), figures))
                .noneMatch(Verdict::differs)
                .extracting(Verdict::subject)
                .containsExactly(
                        "data.train",
                        "base",
                        "dataset",
                        "model",
                        "predictions",
                        "checkpoints",
                        "results",
                        "figures",
                        "figures");

        Path run = folder.resolve("changed");
        String shard = Manifest.read(new org.apache.hadoop.fs.Path(other.dataset()), new Configuration())
                .split(Manifest.TRAIN)
                .shards()
                .get(0)
                .file();
        Files.writeString(run.resolve("dataset").resolve(shard), "x", StandardOpenOption.APPEND);
        Files.writeString(run.resolve("model/more.bin"), "x");
        Files.writeString(run.resolve("metrics.json"), "{\"test\": {}}");
        Files.delete(run.resolve("model/README.md"));
        Map<String, Map<String, Double>> better = Map.of("test", Map.of("accuracy", 1.5));

        assertThat(new EvidenceJob(spark, other).compare(read("signed"), better))
                .filteredOn(Verdict::differs)
                .extracting(verdict -> verdict.subject() + " " + verdict.text())
                .contains(
                        "dataset " + shard + " has other content than in the evidence",
                        "model model/more.bin is not in the evidence",
                        "model model/README.md is missing",
                        "results metrics.json has other content than in the evidence",
                        "figure test accuracy is " + figures.get("test").get("accuracy")
                                + " in the evidence and 1.5 in metrics.json")
                .noneMatch(line -> line.contains("new evaluation"));
        Files.delete(run.resolve("dataset").resolve(shard));
        Files.writeString(run.resolve("model/config.json"), "{}");
        assertThat(new EvidenceJob(spark, other).compare(read("signed"), figures))
                .filteredOn(Verdict::differs)
                .extracting(verdict -> verdict.subject() + " " + verdict.text())
                .contains("dataset " + shard + " is missing")
                .anyMatch(line -> line.startsWith("figures cannot be recomputed: "));
        assertThatThrownBy(() -> new EvidenceJob(spark, other).collect(request("again", null, null)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining(shard + " is missing: restore the file");
        try (Stream<Path> all = Files.list(run)) {
            assertThat(all).noneMatch(file -> file.getFileName().toString().startsWith(".evidence"));
        }
    }

    /** Copies the run into another output folder. */
    private static RunConfig copied(String output) throws IOException {
        Path from = folder.resolve("run");
        Path to = folder.resolve(output);
        try (Stream<Path> all = Files.walk(from)) {
            for (Path file : all.toList()) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
        return config(output);
    }

    @Test
    void namesFiguresThatTheModelDoesNotReach() throws Exception {
        Map<String, Map<String, Double>> better = Map.of("test", Map.of("accuracy", 1.5));
        EvidenceJob job = new EvidenceJob(spark, config);
        job.collect(new EvidenceJob.Request(folder.resolve("better").toString(), better, null, null));

        assertThat(job.compare(read("better"), better))
                .filteredOn(Verdict::differs)
                .extracting(Verdict::text)
                .contains("test accuracy is 1.5 in the evidence and "
                        + figures.get("test").get("accuracy") + " in a new evaluation");
    }

    @Test
    void refusesUnfinishedRunsAndOverwritesNothing() throws Exception {
        assertThatThrownBy(() -> new EvidenceJob(spark, config("never")).collect(request("unfinished", null, null)))
                .isInstanceOf(RunException.class)
                .hasMessageEndingWith("never has no run.yaml: train the run first");
        Path begun = Files.createDirectories(folder.resolve("begun"));
        Files.copy(folder.resolve("run/run.yaml"), begun.resolve("run.yaml"));
        assertThatThrownBy(() -> new EvidenceJob(spark, config("begun")).collect(request("unfinished", null, null)))
                .isInstanceOf(RunException.class)
                .hasMessageEndingWith("begun has no model: train the run to its end first");
        assertThatThrownBy(() -> new EvidenceJob(spark, config("begun", "training.max_steps=4"))
                        .collect(request("unfinished", null, null)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("holds another run");
        Files.createDirectories(folder.resolve("exists"));
        assertThatThrownBy(() -> new EvidenceJob(spark, config).collect(request("exists", null, null)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("exists exists: name another folder or .zip");
        assertThat(folder.resolve("unfinished")).doesNotExist();
    }

    @Test
    void leavesOutTheHashOfAChangedSource() throws Exception {
        RunConfig other = copied("moved");
        Path rows = folder.resolve("rows.jsonl");
        FileTime time = Files.getLastModifiedTime(rows);
        Files.setLastModifiedTime(rows, FileTime.fromMillis(0));
        try {
            EvidenceJob.Collected collected = new EvidenceJob(spark, other).collect(request("moved.zip", null, null));
            assertThat(collected.warnings()).anyMatch(line -> line.startsWith("data.train is not hashed"));
            assertThat(collected.index().data().sources())
                    .extracting(Manifest.Source::key)
                    .containsExactly("data.train");
        } finally {
            Files.setLastModifiedTime(rows, time);
        }
    }
}
