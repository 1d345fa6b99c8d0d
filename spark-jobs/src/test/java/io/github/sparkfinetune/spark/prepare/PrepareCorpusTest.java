package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Filters, masks, quarantine and mixture of data.corpus. */
public class PrepareCorpusTest {
    private static final String[] CLEANING = {
        "  normalize: nfc", "  mask: [email, number]", "  filters: [gopher_quality, fineweb]",
    };

    @TempDir
    private Path folder;

    private SparkSession spark;

    @BeforeEach
    void start() {
        spark = PrepareFixture.spark(2);
    }

    private static String json(String text) {
        return "{\"text\": \"" + text + "\"}";
    }

    private RunConfig config(String name, List<String> data) {
        List<String> lines = new ArrayList<>(List.of("max_length: 64"));
        lines.addAll(data);
        return PrepareFixture.languageModel("causal-lm", folder.resolve(name), lines.toArray(String[]::new));
    }

    private RunConfig config(String name, Path train, String... data) {
        List<String> lines = new ArrayList<>(List.of("train: " + train));
        lines.addAll(Arrays.asList(data));
        return config(name, lines);
    }

    private static List<String> corpus(String... lines) {
        List<String> all = new ArrayList<>(List.of("corpus:"));
        all.addAll(Arrays.asList(lines));
        return all;
    }

    private List<String> documents() {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 120; i++) {
            lines.add(json(PrepareFixture.good(i)));
        }
        for (int i = 0; i < 7; i++) {
            lines.add(json("too short, number " + i));
        }
        for (int i = 0; i < 5; i++) {
            lines.add(json(PrepareFixture.good(200 + i).replace(".", "")));
        }
        lines.add(json(PrepareFixture.good(300) + "write to a@b.org or c@d.com, 42 times.\\n"));
        lines.add(json(" \\t "));
        return lines;
    }

    @Test
    void countsRejectedRowsByReasonAndQuarantinesThem() throws IOException {
        Path texts = PrepareFixture.write(folder.resolve("texts.jsonl"), documents());
        Path quarantine = folder.resolve("quarantine");
        List<String> data = new ArrayList<>(List.of("train: " + texts, "max_bad_fraction: 0.01"));
        data.addAll(corpus(CLEANING));
        data.add("  quarantine: " + quarantine);
        Manifest manifest = PrepareJob.run(spark, config("dataset", data));

        // Twelve documents are left out on purpose, so they are not bad rows.
        assertThat(manifest.corpus().rejected())
                .isEqualTo(Map.of("gopher_quality.min_doc_words", 7L, "fineweb.line_punct_thr", 5L));
        assertThat(manifest.badRows()).isEqualTo(Map.of("empty_text", 1L));
        assertThat(manifest.corpus().masked()).isEqualTo(Map.of("email", 2L, "number", 1L));
        assertThat(manifest.corpus().mix()).isEmpty();
        assertThat(manifest.duplicates()).isZero();
        long documents = manifest.splits().values().stream()
                .mapToLong(split -> split.documents().count())
                .sum();
        assertThat(documents).isEqualTo(121);

        Map<String, Integer> reasons = new TreeMap<>();
        for (Row row : spark.read().parquet(quarantine.toString()).collectAsList()) {
            reasons.merge(row.getString(2), 1, Integer::sum);
            assertThat(row.getString(1)).endsWith("texts.jsonl");
            switch (row.getString(2)) {
                case "empty_text" -> assertThat(row.isNullAt(0)).isTrue();
                case "gopher_quality.min_doc_words" ->
                    assertThat(row.getString(0)).startsWith("too short, number <NUMBER>");
                default ->
                    assertThat(row.getString(0)).contains("The permission").doesNotContain(".");
            }
        }
        assertThat(reasons)
                .isEqualTo(Map.of("empty_text", 1, "gopher_quality.min_doc_words", 7, "fineweb.line_punct_thr", 5));

        // The same run again uses the dataset; another rule requires another dataset.
        assertThat(PrepareJob.run(spark, config("dataset", data))).isEqualTo(manifest);
        List<String> other = new ArrayList<>(data);
        other.add("  fineweb: {line_punct_thr: 0.5}");
        assertThatThrownBy(() -> PrepareJob.run(spark, config("dataset", other)))
                .hasMessageContaining("data.corpus.fineweb.line_punct_thr: 0.12, this run has 0.5");
        assertThatThrownBy(() -> PrepareJob.run(spark, config("dataset", texts, "deduplicate: true")))
                .hasMessageContaining("data.corpus: some, this run has none");
    }

    @Test
    void replacesOnlyItsOwnQuarantine() throws IOException {
        Path texts = PrepareFixture.write(folder.resolve("texts.jsonl"), documents());
        Path quarantine = Files.createDirectories(folder.resolve("quarantine"));
        Files.writeString(quarantine.resolve("thesis.txt"), "precious");
        assertThatThrownBy(() -> PrepareJob.run(
                        spark, config("a", texts, "corpus: {filters: [c4], quarantine: " + quarantine + "}")))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.corpus.quarantine: ")
                .hasMessageContaining("holds thesis.txt");
        assertThat(quarantine.resolve("thesis.txt")).hasContent("precious");

        // A data set of Spark looks like a quarantine without the mark.
        Path foreign = folder.resolve("foreign");
        spark.range(10).write().parquet(foreign.toString());
        assertThatThrownBy(() -> PrepareJob.run(
                        spark, config("a", texts, "corpus: {filters: [c4], quarantine: " + foreign + "}")))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.corpus.quarantine: ")
                .hasMessageContaining("not a quarantine of an earlier run");
        assertThat(spark.read().parquet(foreign.toString()).count()).isEqualTo(10);
        assertThat(folder.resolve("a")).doesNotExist();
    }

    @Test
    void keepsTheQuarantineOfEarlierGenerations() throws IOException {
        Path texts = Files.createDirectories(folder.resolve("texts"));
        Path quarantine = folder.resolve("quarantine");
        String[] data = {"incremental: true", "corpus: {filters: [gopher_quality], quarantine: " + quarantine + "}"};
        PrepareFixture.write(texts.resolve("first.jsonl"), documents());
        PrepareJob.run(spark, config("dataset", texts, data));
        PrepareFixture.write(
                texts.resolve("second.jsonl"), List.of(json(PrepareFixture.good(400)), json("short, and new")));

        PrepareJob.run(spark, config("dataset", texts, data));

        assertThat(quarantined(quarantine))
                .as("seven short ones, one without text; one of the second generation")
                .isEqualTo(Map.of(1, 8L, 2, 1L));
        PrepareJob.run(spark, config("another", texts, data));
        assertThat(quarantined(quarantine)).as("of another dataset").isEqualTo(Map.of(1, 9L));
    }

    private Map<Integer, Long> quarantined(Path quarantine) {
        return spark.read().parquet(quarantine.toString()).groupBy("generation").count().collectAsList().stream()
                .collect(Collectors.toMap(row -> row.getInt(0), row -> row.getLong(1)));
    }

    @Test
    void replacesTheUnfinishedMarkOfAKilledRun() throws IOException {
        Path texts = PrepareFixture.write(folder.resolve("texts.jsonl"), documents());
        Path quarantine = Files.createDirectories(folder.resolve("quarantine"));
        Path mark = Files.createFile(quarantine.resolve("._QUARANTINE.18c920cd-58c4-46cd-80d8-7a6273847834"));

        PrepareJob.run(spark, config("a", texts, "corpus: {filters: [c4], quarantine: " + quarantine + "}"));

        assertThat(quarantine.resolve("_QUARANTINE")).exists();
        assertThat(mark).doesNotExist();
    }

    @Test
    void doesNotFilterHeldOutText() throws IOException {
        Path texts = PrepareFixture.write(folder.resolve("texts.jsonl"), documents());
        Path eval = PrepareFixture.write(
                folder.resolve("eval.jsonl"), List.of(json("short, but a@b.org wrote it"), json("short, too")));
        List<String> data = new ArrayList<>(List.of("train: " + texts, "eval: " + eval));
        data.addAll(corpus(CLEANING));
        Manifest manifest = PrepareJob.run(spark, config("dataset", data));
        assertThat(manifest.split("eval").documents().count()).isEqualTo(2);
        assertThat(manifest.corpus().masked()).containsEntry("email", 3L);
    }

    @Test
    void dependsOnlyOnTheRows() throws IOException {
        List<String> legal = documents();
        // Some documents are in both sources, and some occur twice in one source.
        List<String> general = new ArrayList<>(legal.subList(0, 20));
        for (int i = 1000; i < 1200; i++) {
            general.add(json(PrepareFixture.good(i)));
        }
        general.addAll(legal.subList(10, 30));
        List<Manifest> manifests = new ArrayList<>();
        for (int parts : new int[] {1, 8}) {
            Random random = new Random(parts);
            Collections.shuffle(legal, random);
            Collections.shuffle(general, random);
            List<String> data = new ArrayList<>(List.of("eval_fraction: 0.2"));
            data.addAll(corpus(CLEANING));
            data.add(String.format(
                    "  sources: [{path: %s, weight: 0.8}, {path: %s, weight: 0.2}]",
                    cut("legal" + parts, legal, parts), cut("general" + parts, general, parts)));
            manifests.add(PrepareJob.run(spark, config("cut" + parts, data)));
            spark.stop();
            spark = PrepareFixture.spark(parts == 1 ? 1 : 2);
        }
        Manifest one = manifests.get(0);
        Manifest eight = manifests.get(1);
        assertThat(PrepareFixture.splits(eight)).isEqualTo(PrepareFixture.splits(one));
        assertThat(eight.corpus()).isEqualTo(one.corpus());
        assertThat(eight.badRows()).isEqualTo(one.badRows());
        assertThat(eight.duplicates()).isEqualTo(one.duplicates()).isPositive();
        for (DatasetSplit split : one.splits().values()) {
            for (DatasetSplit.Shard shard : split.shards()) {
                assertThat(folder.resolve("cut8").resolve(PrepareFixture.like(shard, eight)))
                        .hasSameBinaryContentAs(folder.resolve("cut1").resolve(shard.file()));
            }
        }
    }

    private Path cut(String name, List<String> lines, int parts) throws IOException {
        Path target = folder.resolve(name);
        for (int i = 0; i < parts; i++) {
            PrepareFixture.write(
                    target.resolve(i + ".jsonl"),
                    lines.subList(i * lines.size() / parts, (i + 1) * lines.size() / parts));
        }
        return target;
    }

    private Path numbered(String name, int from, int count) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = from; i < from + count; i++) {
            lines.add(json("text " + i));
        }
        return PrepareFixture.write(folder.resolve(name), lines);
    }

    private Manifest mixed(String name, String strategy, String... sources) {
        return PrepareJob.run(
                spark,
                config(
                        name,
                        List.of(
                                "eval_fraction: 0",
                                "corpus: {stopping_strategy: " + strategy + ", sources: [" + String.join(", ", sources)
                                        + "]}")));
    }

    @Test
    void mixesDocumentsByWeights() throws IOException {
        String domain = "{path: " + numbered("domain.jsonl", 0, 900) + ", weight: 9}";
        String general = "{path: " + numbered("general.jsonl", 10_000, 4000) + ", weight: 1}";
        Manifest first = mixed("first", "first_exhausted", domain, general);
        // Every document of the domain, and 100 of the other documents within three standard deviations.
        List<Manifest.Mixed> mix = first.corpus().mix();
        assertThat(mix.get(0)).isEqualTo(new Manifest.Mixed("data.corpus.sources[0]", 9, 900, 900, 1));
        assertThat(mix.get(1).documents()).isEqualTo(4000);
        assertThat(mix.get(1).epochs()).isEqualTo(0.025);
        assertThat(mix.get(1).sampled()).isBetween(70L, 130L);
        assertThat(first.split("train").rows()).isEqualTo(900 + mix.get(1).sampled());

        Manifest all = mixed("all", "all_exhausted", domain, general);
        // Every other document, and each document of the domain 40 times.
        assertThat(all.split("train").rows()).isEqualTo(4000 + 40 * 900);
        assertThat(all.corpus().mix()).extracting(Manifest.Mixed::sampled).containsExactly(900L, 4000L);

        Manifest none = mixed("none", "first_exhausted", domain, general.replace("weight: 1", "weight: 0"));
        assertThat(none.split("train").rows()).isEqualTo(900);
    }

    @Test
    void refusesAnEmptySourceAmongSeveral() throws IOException {
        String domain = "{path: " + numbered("domain.jsonl", 0, 9) + ", weight: 9}";
        Path empty = PrepareFixture.write(folder.resolve("empty.jsonl"), List.of());
        refused("data.corpus.sources[1]: file:" + empty + " is empty", domain, "{path: " + empty + ", weight: 1}");
        Path blank = PrepareFixture.write(folder.resolve("blank.jsonl"), List.of("", ""));
        refused("data.corpus.sources[0]: file:" + blank + " has no rows", "{path: " + blank + ", weight: 1}", domain);
        Path none = folder.resolve("none");
        refused("data.corpus.sources[1]: file:" + none + " does not exist", domain, "{path: " + none + ", weight: 1}");
        assertThatThrownBy(() -> PrepareJob.run(
                        spark, config("b", numbered("short.jsonl", 0, 9), "corpus: {filters: [gopher_quality]}")))
                .hasMessageContaining("short.jsonl is left (data.corpus leaves out gopher_quality.min_doc_words: 9)");
    }

    private void refused(String message, String... sources) {
        assertThatThrownBy(() -> mixed("a", "first_exhausted", sources))
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageStartingWith(message)
                .message()
                .doesNotContain("\n");
    }

    @Test
    void preparesDocumentsForMaskedLanguageModels() throws IOException {
        List<String> texts = documents();
        texts.add(json(PrepareFixture.good(5) + "end.\\n"));
        List<String> data = new ArrayList<>(
                List.of("train: " + PrepareFixture.write(folder.resolve("texts.jsonl"), texts), "max_length: 64"));
        data.addAll(corpus(CLEANING));
        data.add("  near_dedup: {enabled: true}");
        Manifest manifest =
                PrepareJob.run(spark, PrepareFixture.maskedLm(folder.resolve("dataset"), data.toArray(String[]::new)));
        assertThat(manifest.corpus().rejected())
                .isEqualTo(Map.of(
                        "gopher_quality.min_doc_words", 7L,
                        "fineweb.line_punct_thr", 5L,
                        "near_dedup.threshold", 1L));
        assertThat(manifest.split("train").documents().count()).isBetween(100L, 121L);
    }

    @Test
    void refusesACorpusForOtherTasks() throws IOException {
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(30));
        String[] data = {"train: " + mails, "corpus: {mask: [ip]}"};
        for (RunConfig config : List.of(
                PrepareFixture.config(folder.resolve("a"), data),
                PrepareFixture.questions(folder.resolve("b"), data),
                PrepareFixture.tagger(folder.resolve("d"), data),
                PrepareFixture.languageModel("sft", folder.resolve("c"), data))) {
            assertThatThrownBy(() -> PrepareJob.run(spark, config))
                    .hasMessageContaining("data.corpus: it prepares documents");
        }
    }
}
