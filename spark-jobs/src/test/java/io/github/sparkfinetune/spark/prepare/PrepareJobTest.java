package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrepareJobTest {
    @TempDir
    private Path folder;

    private SparkSession spark;

    @BeforeEach
    void start() {
        spark = PrepareFixture.spark(2);
    }

    @Test
    void tokenizesEveryRowOnceAndSplitsExactly() throws IOException {
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(503));
        Path dataset = folder.resolve("dataset");
        RunConfig config =
                PrepareFixture.config(dataset, "train: " + mails, "eval_fraction: 0.1", "test_fraction: 0.2");
        Manifest manifest = PrepareJob.run(spark, config);

        // 101 spam and 402 ham.
        assertThat(manifest.labels()).containsExactly("ham", "spam");
        assertThat(manifest.split("eval").rowsPerLabel()).containsExactly(40L, 10L);
        assertThat(manifest.split("test").rowsPerLabel()).containsExactly(80L, 20L);
        assertThat(manifest.split("train").rowsPerLabel()).containsExactly(282L, 71L);
        assertThat(manifest.badRows()).isEmpty();

        Set<List<Integer>> expected = new HashSet<>();
        TokenizerFiles files = TokenizerFiles.read(new org.apache.hadoop.fs.Path(config.model()), new Configuration());
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            for (int i = 0; i < 503; i++) {
                expected.add(
                        ids(tokenizer.encode(PrepareFixture.text(i), null, 32).inputIds()));
            }
        }
        List<List<Integer>> found = new ArrayList<>();
        long tokens = 0;
        for (String split : manifest.splits().keySet()) {
            List<Sample> samples = PrepareFixture.samples(dataset, manifest, split);
            assertThat(samples).hasSize((int) manifest.split(split).rows());
            samples.forEach(sample -> found.add(ids(sample.inputIds())));
            tokens += manifest.split(split).tokens();
        }
        assertThat(found).hasSize(503).containsOnlyOnceElementsOf(expected);
        assertThat(tokens).isEqualTo(found.stream().mapToLong(List::size).sum());
        assertThat(manifest.longest()).isEqualTo(32);
        assertThat(manifest.split("train").truncated()).isPositive();
        assertThat(Manifest.read(new org.apache.hadoop.fs.Path(dataset.toUri()), new Configuration()))
                .isEqualTo(manifest);
    }

    private static List<Integer> ids(int[] ids) {
        return Arrays.stream(ids).boxed().toList();
    }

    @Test
    void dependsOnlyOnTheRows() throws IOException {
        List<String> lines = PrepareFixture.mails(400);
        // The copies lie on both sides of the end of a split.
        for (int i = 0; i < 60; i++) {
            lines.add(PrepareFixture.json(3, "ham"));
        }
        Path one = PrepareFixture.write(folder.resolve("one/mails.jsonl"), lines);
        Collections.shuffle(lines, new Random(1));
        Path many = folder.resolve("many");
        for (int i = 0; i < 7; i++) {
            PrepareFixture.write(
                    many.resolve(i + ".jsonl"), lines.subList(i * lines.size() / 7, (i + 1) * lines.size() / 7));
        }
        Manifest first = PrepareJob.run(spark, config("a", one));
        spark.stop();
        Manifest second = PrepareJob.run(PrepareFixture.spark(1), config("b", many));
        PrepareFixture.spark(1).stop();

        assertThat(PrepareFixture.splits(second)).isEqualTo(PrepareFixture.splits(first));
        assertThat(second.labels()).isEqualTo(first.labels());
        for (DatasetSplit split : first.splits().values()) {
            for (DatasetSplit.Shard shard : split.shards()) {
                assertThat(folder.resolve("b").resolve(PrepareFixture.like(shard, second)))
                        .hasSameBinaryContentAs(folder.resolve("a").resolve(shard.file()));
            }
        }
    }

    private RunConfig config(String name, Path train) {
        return PrepareFixture.config(folder.resolve(name), "train: " + train, "eval_fraction: 0.3");
    }

    @Test
    void makesTheSameSamplesFromEveryFormat() throws IOException {
        Path jsonl = folder.resolve("mails.jsonl");
        List<String> lines = PrepareFixture.mails(40);
        PrepareFixture.write(jsonl, lines);
        List<String> csv = new ArrayList<>(List.of("id,label,text"));
        for (int i = 0; i < lines.size(); i++) {
            String label = i % 5 == 0 ? "spam" : "ham";
            csv.add(i + "," + label + ",\"" + PrepareFixture.text(i) + "\"");
            PrepareFixture.write(
                    folder.resolve("folders").resolve(label).resolve(i + ".txt"), List.of(PrepareFixture.text(i)));
        }
        PrepareFixture.write(folder.resolve("mails.csv"), csv);
        spark.read()
                .json(jsonl.toString())
                .write()
                .parquet(folder.resolve("mails.parquet").toString());

        Manifest expected = PrepareJob.run(spark, config("from-jsonl", jsonl));
        List<Sample> samples = PrepareFixture.samples(folder.resolve("from-jsonl"), expected, "train");
        for (String source : List.of("mails.csv", "mails.parquet")) {
            Manifest manifest = PrepareJob.run(spark, config("from-" + source, folder.resolve(source)));
            assertThat(PrepareFixture.splits(manifest)).isEqualTo(PrepareFixture.splits(expected));
            assertThat(PrepareFixture.samples(folder.resolve("from-" + source), manifest, "train"))
                    .isEqualTo(samples);
        }
        // A text file ends with a line end, so its content differs and its rows are in other positions.
        Manifest folders = PrepareJob.run(spark, config("from-folders", folder.resolve("folders")));
        assertThat(folders.labels()).isEqualTo(expected.labels());
        assertThat(folders.split("train").rowsPerLabel())
                .isEqualTo(expected.split("train").rowsPerLabel());
    }

    @Test
    void readsQuotedCsvTextPairsAndNumericLabels() throws IOException {
        List<String> csv = new ArrayList<>(List.of("\"a\",\"b\",stars"));
        for (int i = 0; i < 12; i++) {
            csv.add("\"first, with \"\"quotes\"\"\nand a line end " + i + "\",second " + i + "," + (i % 3 + 8));
        }
        Path file = PrepareFixture.write(folder.resolve("pairs.csv"), csv);
        Path dataset = folder.resolve("dataset");
        Manifest manifest = PrepareJob.run(
                spark,
                PrepareFixture.config(
                        dataset,
                        "train: " + file,
                        "text: a",
                        "text_pair: b",
                        "label: stars",
                        "eval_fraction: 0",
                        "multiline: true"));
        assertThat(manifest.labels()).containsExactly("8", "9", "10");
        assertThat(manifest.splits()).containsOnlyKeys("train");
        assertThat(PrepareFixture.samples(dataset, manifest, "train"))
                .hasSize(12)
                .allSatisfy(sample -> assertThat(sample.tokenTypeIds()).contains(0, 1));
    }

    @Test
    void keepsEqualTextsOnce() throws IOException {
        List<String> lines = PrepareFixture.mails(50);
        lines.addAll(PrepareFixture.mails(20));
        lines.add(PrepareFixture.json(0, "ham"));
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), lines);
        Path dataset = folder.resolve("dataset");
        Manifest manifest = PrepareJob.run(
                spark, PrepareFixture.config(dataset, "train: " + mails, "deduplicate: true", "eval_fraction: 0.2"));
        assertThat(manifest.duplicates()).isEqualTo(21);
        // Text 0 has the labels ham and spam; the first name stays.
        assertThat(manifest.split("train").rowsPerLabel()).containsExactly(33L, 7L);
        assertThat(manifest.split("eval").rowsPerLabel()).containsExactly(8L, 2L);
        Set<List<Integer>> distinct = new HashSet<>();
        for (String split : manifest.splits().keySet()) {
            PrepareFixture.samples(dataset, manifest, split).forEach(sample -> distinct.add(ids(sample.inputIds())));
        }
        assertThat(distinct).hasSize(50);
    }

    @Test
    void countsUnusableRowsByReasonAndRepairsUsableOnes() throws IOException {
        List<String> lines = PrepareFixture.mails(30);
        lines.add("{\"text\": \"no end");
        lines.add("{\"label\": \"ham\"}");
        lines.add("{\"text\": \"no label\"}");
        lines.add("{\"text\": \" \\u0000\\n \", \"label\": \"ham\"}");
        lines.add("{\"text\": \"null \\u0000 and bell \\u0007 inside\", \"label\": \"ham\"}");
        lines.add("{\"text\": \"" + "long text ".repeat(1_000_000) + "\", \"label\": \"ham\"}");
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), lines);
        Manifest manifest = PrepareJob.run(
                spark,
                PrepareFixture.config(
                        folder.resolve("dataset"), "train: " + mails, "max_bad_fraction: 0.2", "eval_fraction: 0"));
        assertThat(manifest.badRows())
                .isEqualTo(Map.of("malformed_record", 1L, "no_text", 1L, "no_label", 1L, "empty_text", 1L));
        assertThat(manifest.cutTexts()).isEqualTo(1);
        assertThat(manifest.repairedTexts()).isEqualTo(1);
        assertThat(manifest.split("train").rows()).isEqualTo(32);
    }

    @Test
    void keepsOrderAndTextOfTextsToPredict() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            lines.add("{\"text\": \"" + PrepareFixture.text(i) + "\"}");
        }
        lines.add(7, "{\"text\": \"\"}");
        Path mails = PrepareFixture.write(folder.resolve("new.jsonl"), lines);
        RunConfig config = PrepareFixture.config(folder.resolve("dataset"), "train: " + mails);
        List<TaskInput> texts = PrepareFixture.inputs(spark, config, mails).collect();
        assertThat(texts).hasSize(21);
        assertThat(texts.get(7).error()).isEqualTo("empty_text");
        assertThat(texts.get(8).text()).isEqualTo(PrepareFixture.text(7));
        assertThat(texts.get(8).sample().label()).isEqualTo(-1);
        assertThat(texts.get(8).sample().inputIds()).isNotEmpty();
    }

    @Test
    void removesTheMarkAndUnfinishedFilesAtTheEnd() throws IOException {
        Path mails = PrepareFixture.write(folder.resolve("mails.jsonl"), PrepareFixture.mails(30));
        PrepareJob.run(spark, config("dataset", mails));
        try (Stream<Path> entries = Files.list(folder.resolve("dataset"))) {
            assertThat(entries.map(entry -> entry.getFileName().toString())
                            .filter(name -> !name.endsWith(".crc"))
                            .collect(Collectors.toSet()))
                    .containsExactlyInAnyOrder("train", "eval", "manifest-1.json");
        }
    }
}
