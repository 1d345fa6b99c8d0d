package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Generation;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Warning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Datasets that grow with the files of their sources. */
@Timeout(600)
class PrepareGenerationsTest {
    @TempDir
    private Path folder;

    private SparkSession spark;
    private Path source;

    @BeforeEach
    void start() {
        spark = PrepareFixture.spark(2);
        source = folder.resolve("mails");
    }

    private RunConfig config(String name, String... data) {
        List<String> lines = new ArrayList<>(
                List.of("train: " + source, "incremental: true", "eval_fraction: 0.2", "test_fraction: 0.1"));
        lines.addAll(Arrays.asList(data));
        return PrepareFixture.config(folder.resolve(name), lines.toArray(String[]::new));
    }

    private Manifest prepare(String name, String... data) {
        return PrepareJob.run(spark, config(name, data));
    }

    private RunException refused(String name, String... data) {
        return catchThrowableOfType(RunException.class, () -> prepare(name, data));
    }

    private void write(String file, List<String> lines) throws IOException {
        PrepareFixture.write(source.resolve(file), lines);
    }

    private static List<String> mails(int from, int to) {
        return PrepareFixture.mails(to).subList(from, to);
    }

    private Map<String, List<String>> samples(String name, Manifest manifest) throws IOException {
        return PrepareFixture.sorted(folder.resolve(name), manifest);
    }

    private void assertSame(String grown, Manifest manifest) throws IOException {
        Path whole = folder.resolve("whole-" + grown);
        Manifest once = PrepareJob.run(spark, config(whole.getFileName().toString()));
        assertThat(samples(grown, manifest))
                .isEqualTo(samples(whole.getFileName().toString(), once));
        manifest.splits().forEach((name, split) -> {
            assertThat(split.rowsPerLabel()).isEqualTo(once.split(name).rowsPerLabel());
            assertThat(split.tokens()).isEqualTo(once.split(name).tokens());
        });
        assertThat(manifest.sources()).isEqualTo(once.sources());
    }

    @Test
    void growsToTheDatasetOfAllFiles() throws IOException {
        write("a.jsonl", mails(0, 200));
        Manifest first = prepare("grown");
        assertThat(first.generations()).hasSize(1);
        List<Sample> before = PrepareFixture.samples(folder.resolve("grown"), first, Manifest.TRAIN);

        // Rows 150 to 200 are in the dataset. Rows 290 to 300 are in two new files.
        write("b.jsonl", mails(150, 300));
        write("c/d.jsonl", mails(290, 310));
        Manifest second = prepare("grown");

        assertSame("grown", second);
        assertThat(second.generations().get(1).added().count()).isEqualTo(2);
        assertThat(second.generations().get(1).samples().values().stream()
                        .mapToLong(Long::longValue)
                        .sum())
                .isEqualTo(110);
        assertThat(second.duplicates()).isEqualTo(60);
        List<Sample> after = PrepareFixture.samples(folder.resolve("grown"), second, Manifest.TRAIN);
        assertThat(after.subList(0, before.size()))
                .as("earlier samples keep their indexes")
                .isEqualTo(before);
        assertThat(second.split(Manifest.TRAIN).shards())
                .filteredOn(shard -> shard.file().contains("-g2-"))
                .isNotEmpty();
        assertThat(prepare("grown")).as("nothing is new").isEqualTo(second);

        write("e.jsonl", mails(0, 310));
        Manifest third = prepare("grown");
        assertThat(third.generations()).hasSize(3);
        assertSame("grown", third);
    }

    /** Rows, duplicates and files of any number in any order. */
    @Tag("full")
    @Test
    void growsInAnyPortions() throws IOException {
        Random random = new Random(7);
        List<String> rows = PrepareFixture.mails(120);
        for (int run = 0; run < 2; run++) {
            String name = "random" + run;
            source = folder.resolve("source" + run);
            Manifest manifest = null;
            for (int generation = 0; generation < 3; generation++) {
                for (int file = 0; file < 1 + random.nextInt(3); file++) {
                    List<String> some = IntStream.range(0, 30 + random.nextInt(30))
                            .mapToObj(i -> rows.get(random.nextInt(rows.size())))
                            .toList();
                    write(generation + "-" + file + ".jsonl", some);
                }
                manifest = prepare(name);
            }
            assertSame(name, manifest);
        }
    }

    @Test
    void erasesRowsOfRemovedFilesUnlessAnotherFileHasThem() throws IOException {
        write("a.jsonl", mails(0, 100));
        write("b.jsonl", mails(80, 200));
        prepare("grown");
        write("c.jsonl", mails(150, 250));
        Manifest second = prepare("grown");
        long trained = second.split(Manifest.TRAIN).rows();

        Files.delete(source.resolve("b.jsonl"));
        write("d.jsonl", mails(100, 110));
        Manifest third = prepare("grown");

        Generation last = third.generations().get(2);
        assertThat(last.removed().count()).isEqualTo(1);
        // Rows 0 to 100 are in a.jsonl, 100 to 110 in d.jsonl, from 150 on in c.jsonl.
        assertThat(last.erased()).isEqualTo(40);
        assertThat(last.samples().values()).isEmpty();
        assertThat(third.split(Manifest.TRAIN).rows())
                .as("erased samples keep their places")
                .isEqualTo(trained);
        assertSame("grown", third);

        // Erased rows come back with a new file.
        write("b.jsonl", mails(120, 130));
        Manifest fourth = prepare("grown");
        assertThat(fourth.generations().get(3).samples().values().stream()
                        .mapToLong(Long::longValue)
                        .sum())
                .isEqualTo(10);
        assertSame("grown", fourth);

        Files.delete(source.resolve("b.jsonl"));
        assertSame("grown", prepare("grown"));
    }

    @Test
    void refusesAFolderThatLacksMostOfItsFiles() throws IOException {
        for (String file : List.of("a", "b", "c")) {
            write(file + ".jsonl", mails(0, 100));
        }
        Manifest whole = prepare("grown");
        Files.delete(source.resolve("a.jsonl"));
        Files.delete(source.resolve("b.jsonl"));

        assertThat(refused("grown")).hasMessageContaining("lacks 2 of the 3 files of the last generation");
        write("b.jsonl", mails(0, 50));
        assertThat(prepare("grown").splits().keySet()).isEqualTo(whole.splits().keySet());
    }

    @Test
    void readsAFileAgainThatWasWrittenAgain() throws IOException {
        write("a.jsonl", mails(0, 60));
        write("b.jsonl", mails(60, 120));
        prepare("grown");
        write("b.jsonl", mails(90, 200));

        Manifest second = prepare("grown");

        assertThat(second.generations().get(1).erased()).isEqualTo(30);
        assertSame("grown", second);
    }

    @Test
    void refusesOtherOptionsSourcesAndLabels() throws IOException {
        write("a.jsonl", mails(0, 60));
        prepare("grown");
        assertThat(refused("grown", "max_length: 16")).hasMessageContaining("data.max_length: 32, this run has 16");
        write("b.jsonl", List.of(PrepareFixture.json(500, "other")));
        assertThat(refused("grown"))
                .hasMessageContaining("1 rows of ")
                .hasMessageEndingWith("have the label other, which the earlier generations of the dataset do not have:"
                        + " set data.dir to a new folder, or remove these rows");
        source = Files.createDirectories(folder.resolve("elsewhere"));
        write("a.jsonl", mails(0, 60));
        assertThat(refused("grown")).hasMessageContaining("set data.dir to a new folder");
    }

    /** Documents share samples, so an erased document is a part of a sample. */
    @Tag("full")
    @Test
    void growsAndErasesPackedDocuments() throws IOException {
        write("a.jsonl", mails(0, 150));
        write("b.jsonl", mails(150, 200));
        RunConfig config = documents("grown");
        PrepareJob.run(spark, config);
        Files.delete(source.resolve("b.jsonl"));
        write("c.jsonl", mails(140, 160));
        write("d.jsonl", mails(300, 340));

        Manifest second = PrepareJob.run(spark, config);

        assertThat(second.generations().get(1).erased()).isEqualTo(40);
        Manifest once = PrepareJob.run(spark, documents("whole"));
        for (String split : once.splits().keySet()) {
            assertThat(packed("grown", second, split)).isEqualTo(packed("whole", once, split));
            assertThat(second.split(split).documents())
                    .isEqualTo(once.split(split).documents());
        }
    }

    private RunConfig documents(String name) {
        return PrepareFixture.languageModel(
                "causal-lm",
                folder.resolve(name),
                "train: " + source,
                "incremental: true",
                "packing: bfd",
                "max_length: 64",
                "eval_fraction: 0.1");
    }

    private List<String> packed(String name, Manifest manifest, String split) throws IOException {
        List<String> documents = new ArrayList<>();
        for (Sample sample : PrepareFixture.samples(folder.resolve(name), manifest, split)) {
            for (int i = 0; i < sample.documents().length; i++) {
                documents.add(Arrays.toString(sample.document(i).inputIds()));
            }
        }
        Collections.sort(documents);
        return documents;
    }

    @Test
    void refusesRemovedFilesOfWrappedDocuments() throws IOException {
        write("a.jsonl", mails(0, 50));
        write("b.jsonl", mails(50, 60));
        RunConfig config = PrepareFixture.languageModel(
                "causal-lm",
                folder.resolve("wrapped"),
                "train: " + source,
                "incremental: true",
                "packing: wrapped",
                "eval_fraction: 0");
        Manifest first = PrepareJob.run(spark, config);
        Files.delete(source.resolve("b.jsonl"));

        RunException error = catchThrowableOfType(RunException.class, () -> PrepareJob.run(spark, config));

        assertThat(error)
                .hasMessageEndingWith("b.jsonl was removed or changed, and data.packing: wrapped cuts documents, so its"
                        + " rows cannot be erased from file:" + folder.resolve("wrapped")
                        + ": put the file back, or set data.dir to a new folder");
        assertThat(Manifest.read(
                        new org.apache.hadoop.fs.Path(folder.resolve("wrapped").toUri()), new Configuration()))
                .isEqualTo(first);
        write("b.jsonl", mails(50, 60));
        Files.setLastModifiedTime(source.resolve("b.jsonl"), FileTime.fromMillis(1));
        assertThat(catchThrowableOfType(RunException.class, () -> PrepareJob.run(spark, config)))
                .hasMessageContaining("was removed or changed");
    }

    /** Groups are on one side, by whichever generation they come. */
    @Test
    void keepsGroupsOnOneSide() throws IOException {
        List<String> rows = IntStream.range(0, 200)
                .mapToObj(i -> String.format(
                        Locale.ROOT,
                        "{\"text\": \"%s\", \"label\": \"%s\", \"user\": \"u%d\"}",
                        PrepareFixture.text(i),
                        i % 3 == 0 ? "spam" : "ham",
                        i % 40))
                .toList();
        write("a.jsonl", rows.subList(0, 100));
        prepare("grown", "split_by: user");
        write("b.jsonl", rows.subList(90, 200));

        Manifest second = prepare("grown", "split_by: user");

        Manifest once = prepare("whole", "split_by: user");
        assertThat(samples("grown", second)).isEqualTo(samples("whole", once));
        assertThat(once.split(Manifest.EVAL).side().shared()).isZero();
        assertThat(once.split(Manifest.EVAL).rows() % 5).isZero();
    }

    @Test
    @Tag("full")
    void growsEachHeldOutSource() throws IOException {
        Path eval = folder.resolve("eval");
        write("a.jsonl", mails(0, 100));
        PrepareFixture.write(eval.resolve("a.jsonl"), mails(100, 120));
        String[] data = {"eval: " + eval, "held_out: {other: " + folder.resolve("other") + "}"};
        PrepareFixture.write(folder.resolve("other/a.jsonl"), mails(200, 210));
        prepare("grown", data);
        PrepareFixture.write(eval.resolve("b.jsonl"), mails(110, 130));
        PrepareFixture.write(folder.resolve("other/b.jsonl"), mails(95, 105));

        Manifest second = prepare("grown", data);
        write("b.jsonl", mails(125, 140));
        Manifest third = prepare("grown", data);

        Manifest once = prepare("whole", data);
        assertThat(samples("grown", third)).isEqualTo(samples("whole", once));
        assertThat(second.split(Manifest.EVAL).rows()).isEqualTo(30);
        assertThat(third.warnings()).extracting(Warning::code).contains("train_eval_duplicates");
        assertThat(once.warnings()).extracting(Warning::code).contains("train_eval_duplicates");
    }

    /** The files of a killed run, and its lease, whose time is up. */
    @Test
    void startsAGenerationAgainAfterAKill() throws IOException {
        write("a.jsonl", mails(0, 100));
        Manifest first = prepare("grown");
        Path dataset = folder.resolve("grown");
        Path shard = dataset.resolve(first.split(Manifest.TRAIN).shards().get(0).file());
        write("b.jsonl", mails(100, 150));
        List<Path> left = List.of(
                dataset.resolve("train/part-00000-g2-0123456789abcdef-7.parquet"),
                dataset.resolve("_index/part-00000-g2-0123456789abcdef-7.parquet"),
                dataset.resolve("_files/part-00000-g2-0123456789abcdef-0.parquet"));
        for (Path file : left) {
            Files.copy(shard, file);
        }
        Files.writeString(dataset.resolve("_PREPARING"), """
                {"run_id": "0123456789abcdef", "process": 1, "host": "other", "machine": "",
                 "since": "2020-01-01T00:00:00Z", "until": "2020-01-01T00:01:00Z"}
                """);
        Files.setLastModifiedTime(dataset.resolve("_PREPARING"), FileTime.fromMillis(0));

        Manifest second = prepare("grown");

        assertThat(left).noneMatch(Files::exists);
        assertSame("grown", second);
        for (String file : second.files().keySet()) {
            assertThat(dataset.resolve(file)).hasSize(second.files().get(file));
        }
    }

    @Test
    void keepsTheEarlierGenerationIfTheManifestCannotBeWritten() throws IOException {
        Configuration hadoop = FaultyFileSystem.in(spark.sparkContext().hadoopConfiguration());
        RunConfig config = PrepareFixture.config(
                Path.of("faulty:" + folder, "grown"),
                "train: " + source,
                "incremental: true",
                "eval_fraction: 0.2",
                "test_fraction: 0.1");
        write("a.jsonl", mails(0, 100));
        Manifest first = PrepareJob.run(spark, config);
        write("b.jsonl", mails(100, 150));
        for (String full : List.of("train/part-00000-g2", "_files/part-00000-g2", "manifest-")) {
            hadoop.set(FaultyFileSystem.FULL, full.substring(full.indexOf('/') + 1));
            try {
                assertThat(catchThrowableOfType(RunException.class, () -> PrepareJob.run(spark, config))
                                .exitCode())
                        .isEqualTo(ExitCode.FAILED);
            } finally {
                hadoop.unset(FaultyFileSystem.FULL);
            }
            assertThat(Manifest.read(
                            new org.apache.hadoop.fs.Path(
                                    folder.resolve("grown").toUri()),
                            hadoop))
                    .isEqualTo(first);
            try (Stream<Path> all = Files.walk(folder.resolve("grown"))) {
                assertThat(all.map(Path::toString)).noneMatch(file -> file.contains("-g2-"));
            }
        }
        Manifest second = PrepareJob.run(spark, config);
        assertThat(second.generations()).hasSize(2);
        assertThat(second.split(Manifest.TRAIN).rows())
                .isGreaterThan(first.split(Manifest.TRAIN).rows());
    }

    @Test
    void refusesTwoGenerationsAtOnce() throws IOException {
        write("a.jsonl", mails(0, 50));
        prepare("grown");
        write("b.jsonl", mails(50, 60));
        Path mark = folder.resolve("grown/_PREPARING");
        Files.writeString(
                mark,
                "{\"run_id\": \"0123456789abcdef\", \"process\": 1, \"host\": \"driver-3\", \"machine\": \"elsewhere\","
                        + " \"since\": \"" + Instant.now() + "\", \"until\": \""
                        + Instant.now().plusSeconds(60) + "\"}");

        RunException error = refused("grown");

        assertThat(error.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(error).hasMessageContaining("is being written by run 0123456789abcdef (process 1 on driver-3");
    }

    private static String sentence(int seed, int words) {
        Random random = new Random(seed);
        return IntStream.range(0, words)
                .mapToObj(i -> "w" + random.nextInt(100_000))
                .collect(Collectors.joining(" "));
    }

    private static List<String> texts(List<String> texts) {
        return texts.stream()
                .map(text -> String.format(Locale.ROOT, "{\"text\": \"%s\"}", text))
                .toList();
    }

    private RunConfig corpus(String name, String... data) {
        List<String> lines = new ArrayList<>(
                List.of("train: " + source, "incremental: true", "max_length: 200", "eval_fraction: 0"));
        lines.addAll(Arrays.asList(data));
        return PrepareFixture.languageModel("causal-lm", folder.resolve(name), lines.toArray(String[]::new));
    }

    @Test
    void comparesEachGenerationWithTheHeldOutDocuments() throws IOException {
        String held = sentence(1, 60);
        Path eval = folder.resolve("eval");
        PrepareFixture.write(eval.resolve("a.jsonl"), texts(List.of(held)));
        String part = String.join(" ", List.of(held.split(" ")).subList(10, 25));
        String[] data = {"eval: " + eval, "corpus: {decontaminate: {enabled: true}}"};
        write("a.jsonl", texts(List.of(sentence(2, 50), sentence(3, 50) + " " + part)));
        Manifest first = PrepareJob.run(spark, corpus("grown", data));
        assertThat(first.corpus().rejected()).isEqualTo(Map.of("decontaminate.ngram", 1L));
        write("b.jsonl", texts(List.of(sentence(4, 50), part + " " + sentence(5, 50), sentence(2, 50))));

        Manifest second = PrepareJob.run(spark, corpus("grown", data));

        assertThat(second.corpus().rejected()).isEqualTo(Map.of("decontaminate.ngram", 2L));
        Manifest once = PrepareJob.run(spark, corpus("whole", data));
        assertThat(packed("grown", second, Manifest.TRAIN)).isEqualTo(packed("whole", once, Manifest.TRAIN));
        assertThat(second.duplicates()).isEqualTo(once.duplicates());

        PrepareFixture.write(eval.resolve("b.jsonl"), texts(List.of(sentence(2, 50))));
        assertThat(catchThrowableOfType(RunException.class, () -> PrepareJob.run(spark, corpus("grown", data))))
                .hasMessageStartingWith("data.eval: ")
                .hasMessageContaining(
                        "has other files than before, and data.corpus.decontaminate does not compare them");
    }

    /** A document is left out if a document before it is similar, by generation and then by content hash. */
    @Test
    void leavesOutNearDuplicatesOfEarlierGenerations() throws IOException {
        String[] data = {"corpus: {near_dedup: {enabled: true}}"};
        List<String> base =
                IntStream.range(0, 30).mapToObj(i -> sentence(i, 60)).toList();
        List<String> first = new ArrayList<>(base.subList(0, 20));
        first.addAll(base.subList(0, 5).stream().map(text -> text + " end").toList());
        write("a.jsonl", texts(first));
        Manifest one = PrepareJob.run(spark, corpus("grown", data));
        assertThat(one.corpus().rejected()).isEqualTo(Map.of("near_dedup.threshold", 5L));

        // Similar to the first generation: 8; to each other: 2; equal to the first: 1; left out before and equal: 5.
        List<String> later = new ArrayList<>(base.subList(20, 30));
        later.addAll(base.subList(10, 18).stream().map(text -> text + " stop").toList());
        later.addAll(base.subList(20, 22).stream().map(text -> text + " stop").toList());
        later.add(base.get(19));
        later.addAll(first.subList(20, 25));
        write("b.jsonl", texts(later));
        Manifest two = PrepareJob.run(spark, corpus("grown", data));

        assertThat(two.split(Manifest.TRAIN).documents().count()).isEqualTo(30);
        assertThat(two.corpus().rejected().get("near_dedup.threshold") + two.duplicates())
                .isEqualTo(5 + 8 + 2 + 1 + 5);
        List<String> before = packed("grown", two, Manifest.TRAIN);
        Manifest once = PrepareJob.run(spark, corpus("whole", data));
        assertThat(once.split(Manifest.TRAIN).documents().count()).isEqualTo(30);

        // The correction of a text: the old document does not suppress the new one, whose file replaces its file.
        write("c.jsonl", texts(List.of(sentence(100, 60))));
        PrepareJob.run(spark, corpus("grown", data));
        write("c.jsonl", texts(List.of(sentence(100, 60) + " corrected")));
        Manifest corrected = PrepareJob.run(spark, corpus("grown", data));
        Generation last = corrected.generations().get(3);
        assertThat(last.erased()).isEqualTo(1);
        assertThat(last.samples()).containsEntry(Manifest.TRAIN, 1L);
        assertThat(packed("grown", corrected, Manifest.TRAIN)).hasSize(31).containsAll(before);
    }
}
