package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Warning;
import io.github.sparkfinetune.testing.TestMatrix;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Comparison of documents by the job that prepares them. */
class DocumentComparisonTest {
    private static final String NEAR_DEDUP = "corpus: {near_dedup: {enabled: true}%s}";

    @TempDir
    private Path folder;

    private final Random random = new Random(1);
    private SparkSession spark;

    @BeforeEach
    void start() {
        spark = PrepareFixture.spark(2);
    }

    private String document() {
        return String.join(
                " ",
                IntStream.range(0, 60)
                        .mapToObj(i -> "w" + random.nextInt(100_000))
                        .toList());
    }

    /** Returns the document with an additional word: similarity 56/57. */
    private static String nearDuplicate(String document) {
        return document + " end";
    }

    private Path write(String name, List<String> documents) throws IOException {
        return PrepareFixture.write(
                folder.resolve(name),
                documents.stream()
                        .map(text -> String.format(Locale.ROOT, "{\"text\": \"%s\"}", text))
                        .toList());
    }

    private RunConfig config(String name, String... data) {
        List<String> lines = new ArrayList<>(List.of("max_length: 400", "eval_fraction: 0"));
        lines.addAll(Arrays.asList(data));
        return PrepareFixture.languageModel("causal-lm", folder.resolve(name), lines.toArray(String[]::new));
    }

    private Manifest prepare(String name, String... data) {
        return PrepareJob.run(spark, config(name, data));
    }

    private static long documents(Manifest manifest, String split) {
        return manifest.split(split).documents().count();
    }

    @Test
    void keepsOneOfTheNearDuplicates() throws IOException {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            texts.add(document());
            if (i < 20) {
                texts.add(nearDuplicate(texts.get(texts.size() - 1)));
            }
        }
        // An equal document is a duplicate, as without near-deduplication.
        texts.add(texts.get(texts.size() - 1));
        Path quarantine = folder.resolve("quarantine");
        String setting = String.format(Locale.ROOT, NEAR_DEDUP, ", quarantine: " + quarantine);

        Manifest manifest = prepare("one", "train: " + write("texts.jsonl", texts), setting);

        assertThat(manifest.corpus().rejected()).isEqualTo(Map.of("near_dedup.threshold", 20L));
        assertThat(manifest.duplicates()).isEqualTo(1);
        assertThat(manifest.badRows()).isEmpty();
        assertThat(documents(manifest, "train")).isEqualTo(50);
        List<Row> left = spark.read().parquet(quarantine.toString()).collectAsList();
        assertThat(left).hasSize(20).allSatisfy(row -> {
            assertThat(texts).contains(row.<String>getAs("text"));
            assertThat(row.<String>getAs("reason")).isEqualTo("near_dedup.threshold");
            assertThat(row.<String>getAs("other")).matches("[0-9a-f]{32}");
        });
    }

    /** Returns documents with chains of near-duplicates, equal documents, and held-out text in some documents. */
    private List<String> corpus(List<String> heldOut) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 160; i++) {
            String text = document();
            if (i % 16 == 0) {
                text += " "
                        + String.join(" ", List.of(heldOut.get(0).split(" ")).subList(i / 16, i / 16 + 13));
            }
            texts.add(text);
            for (int other = 0; other < i % 3; other++) {
                text = nearDuplicate(text);
                texts.add(text);
            }
            if (i % 10 == 0) {
                texts.add(text);
            }
        }
        return texts;
    }

    @Tag("full")
    @Test
    void keepsTheSameDocumentsForAnyPartitions() throws IOException {
        List<String> held = List.of(document());
        List<String> texts = corpus(held);
        Path eval = write("eval.jsonl", held);
        List<Manifest> manifests = new ArrayList<>();
        List<Set<String>> left = new ArrayList<>();
        int[] partitions = TestMatrix.isFull() ? new int[] {1, 8, 64} : new int[] {1, 7};
        for (int parts : partitions) {
            Collections.shuffle(texts, random);
            Path train = folder.resolve("texts" + parts);
            for (int i = 0; i < parts; i++) {
                write(
                        "texts" + parts + "/" + i + ".jsonl",
                        texts.subList(i * texts.size() / parts, (i + 1) * texts.size() / parts));
            }
            spark.stop();
            spark = SparkSession.builder()
                    .master("local[2]")
                    .appName("comparison-test")
                    .config("spark.ui.enabled", false)
                    .config("spark.default.parallelism", parts)
                    .config("spark.sql.shuffle.partitions", parts)
                    .getOrCreate();
            assertThat(spark.read().text(train.toString()).javaRDD().getNumPartitions())
                    .isEqualTo(parts);
            Path quarantine = folder.resolve("quarantine" + parts);
            manifests.add(prepare(
                    "in" + parts,
                    "train: " + train,
                    "eval: " + eval,
                    "corpus: {near_dedup: {enabled: true}, decontaminate: {enabled: true}, quarantine: " + quarantine
                            + "}"));
            left.add(spark.read().parquet(quarantine.toString()).collectAsList().stream()
                    .map(row -> row.<String>getAs("reason") + row.<String>getAs("other") + row.<String>getAs("text"))
                    .collect(Collectors.toSet()));
        }
        spark.stop();

        Manifest one = manifests.get(0);
        assertThat(one.corpus().rejected()).containsOnlyKeys("near_dedup.threshold", "decontaminate.ngram");
        assertThat(one.duplicates()).isPositive();
        assertThat(documents(one, "train")).isEqualTo(150);
        for (int i = 1; i < manifests.size(); i++) {
            Manifest other = manifests.get(i);
            assertThat(PrepareFixture.splits(other)).isEqualTo(PrepareFixture.splits(one));
            assertThat(other.corpus()).isEqualTo(one.corpus());
            assertThat(other.duplicates()).isEqualTo(one.duplicates());
            assertThat(left.get(i)).isEqualTo(left.get(0));
            for (DatasetSplit.Shard shard : one.split("train").shards()) {
                assertThat(folder.resolve("in" + partitions[i]).resolve(PrepareFixture.like(shard, other)))
                        .hasSameBinaryContentAs(folder.resolve("in1").resolve(shard.file()));
            }
        }
    }

    @Test
    void leavesOutDocumentsWithHeldOutText() throws IOException {
        List<String> test = List.of(document(), document());
        String part = String.join(" ", List.of(test.get(0).split(" ")).subList(30, 43));
        String contaminated = document() + " " + part;
        List<String> train = List.of(contaminated, nearDuplicate(test.get(1)), document(), document());

        Manifest manifest = prepare(
                "decontaminated",
                "train: " + write("train.jsonl", train),
                "test: " + write("test.jsonl", test),
                "corpus: {decontaminate: {enabled: true}}");

        assertThat(manifest.corpus().rejected()).isEqualTo(Map.of("decontaminate.ngram", 2L));
        assertThat(documents(manifest, "train")).isEqualTo(2);
        assertThat(documents(manifest, "test")).isEqualTo(2);
    }

    @Test
    @Tag("full")
    void doesNotCompareRowsThatAreSplitAndReportsIt() throws IOException {
        String shared = document();
        List<String> train =
                IntStream.range(0, 20).mapToObj(i -> shared + " " + document()).toList();
        Path test = write("test.jsonl", List.of(document()));
        String setting = "corpus: {decontaminate: {enabled: true}}";

        Manifest own = prepare("own", "train: " + write("train.jsonl", train), "test: " + test, setting);
        assertThat(own.warnings()).extracting(Warning::code).doesNotContain("split_off_not_decontaminated");
        Manifest splitOff = prepare(
                "split-off",
                "train: " + folder.resolve("train.jsonl"),
                "test_fraction: 0.25",
                "held_out: {other: " + test + "}",
                setting);

        assertThat(splitOff.corpus().rejected()).isEmpty();
        assertThat(documents(splitOff, "test")).isEqualTo(5);
        assertThat(splitOff.warnings())
                .extracting(Warning::message)
                .contains("the test rows are split off data.train, and data.corpus.decontaminate compares with"
                        + " held-out text of its own alone: they may share n-grams with what is trained on; set data.test,"
                        + " and the fraction to 0");
    }

    /** A kept document is the reason, whichever of the two near-duplicates would survive. */
    @Test
    void leavesOutNoDocumentForOneThatIsLeftOut() throws IOException {
        List<String> held = List.of(document());
        List<String> train = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            String clean = document();
            train.add(clean);
            train.add(clean + " "
                    + String.join(" ", List.of(held.get(0).split(" ")).subList(i, i + 13)));
        }

        Manifest manifest = prepare(
                "both",
                "train: " + write("train.jsonl", train),
                "eval: " + write("eval.jsonl", held),
                "corpus: {near_dedup: {enabled: true}, decontaminate: {enabled: true}}");

        assertThat(manifest.corpus().rejected()).isEqualTo(Map.of("decontaminate.ngram", 10L));
        assertThat(documents(manifest, "train")).isEqualTo(10);
    }

    @Test
    void comparesSourcesWithEachOther() throws IOException {
        List<String> one = IntStream.range(0, 30).mapToObj(i -> document()).toList();
        List<String> two = new ArrayList<>(one.stream()
                .limit(10)
                .map(DocumentComparisonTest::nearDuplicate)
                .toList());
        two.add(document());

        Manifest manifest = prepare(
                "mixed",
                String.format(
                        Locale.ROOT,
                        NEAR_DEDUP,
                        ", stopping_strategy: all_exhausted, sources: [{path: " + write("one.jsonl", one)
                                + ", weight: 1}, {path: " + write("two.jsonl", two) + ", weight: 1}]"));

        assertThat(manifest.corpus().rejected()).isEqualTo(Map.of("near_dedup.threshold", 10L));
        assertThat(manifest.corpus().mix().stream()
                        .mapToLong(Manifest.Mixed::documents)
                        .sum())
                .isEqualTo(31);
    }

    @Test
    void refusesASourceThatIsAllContaminated() throws IOException {
        List<String> texts = List.of(document());
        RunConfig config = config(
                "none",
                "train: " + write("train.jsonl", texts),
                "test: " + write("test.jsonl", texts),
                "corpus: {decontaminate: {enabled: true}}");

        assertThatThrownBy(() -> PrepareJob.run(spark, config))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("train.jsonl is left (data.corpus leaves out decontaminate.ngram: 1)");
    }

    @Test
    void requiresHeldOutText() {
        assertThatThrownBy(() -> config("without", "train: x", "corpus: {decontaminate: {enabled: true}}"))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.corpus.decontaminate.enabled")
                .hasMessageContaining("data.eval");
    }
}
