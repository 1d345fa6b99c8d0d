package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.tag.Words;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Words with tags, and texts with spans, in the form in which Spark reads them. */
class PrepareTagsTest {
    private static final int ROWS = 60;
    private static final String[] WORDS = "the license of Apache Group grants you rights in New York".split(" ");
    private static final String[] TAGS = "O O O B-ORG I-ORG O O O O B-LOC I-LOC".split(" ");

    @TempDir
    private Path folder;

    private SparkSession spark;

    @BeforeEach
    void start() {
        spark = PrepareFixture.spark(2);
    }

    private Manifest prepare(String name, String... data) {
        return PrepareJob.run(spark, PrepareFixture.tagger(folder.resolve(name), data));
    }

    /** Returns the words of row i: its number, and the words i % 4 + 1 times. */
    private static List<String> words(int row) {
        List<String> words = new ArrayList<>(List.of("no" + row));
        for (int i = 0; i <= row % 4; i++) {
            words.addAll(List.of(WORDS));
        }
        return words;
    }

    private static List<String> tags(int row) {
        List<String> tags = new ArrayList<>(List.of("O"));
        for (int i = 0; i <= row % 4; i++) {
            tags.addAll(List.of(TAGS));
        }
        return tags;
    }

    private static String json(List<String> texts) {
        return "[\"" + String.join("\", \"", texts) + "\"]";
    }

    private static String row(int row) {
        return "{\"tokens\": " + json(words(row)) + ", \"ner_tags\": " + json(tags(row)) + "}";
    }

    private Path write(String name, List<String> lines) throws IOException {
        return PrepareFixture.write(folder.resolve(name), lines);
    }

    private Path rows() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            lines.add(row(i));
        }
        return write("rows.jsonl", lines);
    }

    @Test
    void labelsEveryWordOnceInTheWindowsOfItsRow() throws IOException {
        Manifest manifest = prepare(
                "dataset",
                "train: " + rows(),
                "text: tokens",
                "label: ner_tags",
                "test_fraction: 0.25",
                "eval_fraction: 0.25",
                "max_length: 24",
                "stride: 7");
        assertThat(manifest.labels()).containsExactly("B-LOC", "B-ORG", "I-LOC", "I-ORG", "O");
        assertThat(manifest.longest()).isEqualTo(24);
        assertThat(manifest.options().stride()).isEqualTo(7);
        int rows = 0;
        for (String split : List.of("train", "eval", "test")) {
            List<Integer> found = new ArrayList<>();
            List<Integer> expected = new ArrayList<>();
            List<Sample> samples = PrepareFixture.samples(folder.resolve("dataset"), manifest, split);
            long inSplit = 0;
            for (Sample sample : samples) {
                Arrays.stream(sample.labels()).filter(label -> label >= 0).forEach(found::add);
                if (sample.window().number() == 0) {
                    Words words = Words.parse(sample.window().row());
                    int row = Integer.parseInt(words.word(0).substring(2));
                    assertThat(words.list()).isEqualTo(words(row));
                    tags(row).forEach(tag -> expected.add(manifest.labels().indexOf(tag)));
                    inSplit++;
                }
            }
            assertThat(found).isEqualTo(expected);
            assertThat(manifest.split(split).rows()).isEqualTo(samples.size()).isGreaterThan(inSplit);
            // Every window of the long rows has a word outside of entities.
            assertThat(manifest.split(split).rowsPerLabel().get(4)).isPositive();
            rows += (int) inSplit;
            // The rows are split, not the samples.
            assertThat(inSplit).isEqualTo(split.equals("train") ? ROWS / 2 : ROWS / 4);
        }
        assertThat(rows).isEqualTo(ROWS);
    }

    @Test
    void makesTheSameSamplesFromEverySchemeAndFormat() throws IOException {
        Path jsonl = rows();
        String[] columns = {"text: tokens", "label: ner_tags", "max_length: 24"};
        Manifest expected = prepare("jsonl", with(columns, "train: " + jsonl));
        List<String> bilou = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            bilou.add(row(i).replace("I-ORG", "L-ORG").replace("I-LOC", "L-LOC"));
        }
        assertThat(PrepareFixture.splits(prepare("bilou", with(columns, "train: " + write("bilou.jsonl", bilou)))))
                .isEqualTo(PrepareFixture.splits(expected));
        Path parquet = folder.resolve("rows.parquet");
        spark.read().json(jsonl.toString()).repartition(5).write().parquet(parquet.toString());
        assertThat(PrepareFixture.splits(prepare("parquet", with(columns, "train: " + parquet))))
                .isEqualTo(PrepareFixture.splits(expected));
    }

    @Test
    void convertsSpansOfATextToTagsOfItsWords() throws IOException {
        List<String> lines = new ArrayList<>();
        List<String> csv = new ArrayList<>(List.of("text,label"));
        for (int i = 0; i < ROWS; i++) {
            // The first character has two UTF-16 units.
            String text = "\ud83d\ude00 " + i + ", Apache Group grants!";
            int start = 4 + String.valueOf(i).length();
            lines.add("{\"text\": \"" + text + "\", \"label\": [{\"start\": " + start + ", \"end\": " + (start + 12)
                    + ", \"label\": \"ORG\"}]}");
            csv.add("\"" + text + "\",\"[[" + start + ", " + (start + 12) + ", \"\"ORG\"\"]]\"");
        }
        Path jsonl = write("spans.jsonl", lines);
        Manifest manifest = prepare("spans", "train: " + jsonl);
        assertThat(manifest.labels()).containsExactly("B-ORG", "I-ORG", "O");
        Sample sample = PrepareFixture.samples(folder.resolve("spans"), manifest, "eval")
                .get(0);
        assertThat(Words.parse(sample.window().row()).list()).endsWith(",", "Apache", "Group", "grants", "!");
        assertThat(Arrays.stream(sample.labels()).filter(label -> label >= 0)).endsWith(2, 0, 1, 2, 2);
        assertThat(PrepareFixture.splits(prepare("csv", "train: " + write("spans.csv", csv))))
                .isEqualTo(PrepareFixture.splits(manifest));
        Path parquet = folder.resolve("spans.parquet");
        spark.read().json(jsonl.toString()).write().parquet(parquet.toString());
        assertThat(PrepareFixture.splits(prepare("structs", "train: " + parquet)))
                .isEqualTo(PrepareFixture.splits(manifest));
    }

    @Test
    void countsUnusableRowsByReason() throws IOException {
        List<String> lines = new ArrayList<>(List.of(
                "{\"text\": [\"a\", \"b\"], \"label\": [\"O\"]}",
                "{\"text\": [\"a\", \"b\"], \"label\": [\"O\", \"E-X\"]}",
                "{\"text\": \"a bc\", \"label\": [[0, 3, \"X\"]]}",
                "{\"text\": \"a b c\", \"label\": [[0, 3, \"X\"], [2, 5, \"Y\"]]}",
                "{\"text\": \"a\", \"label\": [[0, 2, \"X\"]]}",
                "{\"text\": [\"\\u200b\"], \"label\": [\"O\"]}",
                "{\"text\": [\"a\"]}",
                "not JSON"));
        for (int i = 0; i < ROWS; i++) {
            lines.add("{\"text\": [\"a" + i + "\", \"b\"], \"label\": [\"O\", \"S-X\"]}");
        }
        Path bad = write("bad.jsonl", lines);
        Manifest manifest = prepare("counted", "train: " + bad, "max_bad_fraction: 0.2");
        assertThat(manifest.badRows())
                .containsOnlyKeys(
                        "uneven_labels",
                        "malformed_tags",
                        "span_cuts_word",
                        "overlapping_spans",
                        "span_outside_text",
                        "no_labelled_token",
                        "no_label",
                        "malformed_record")
                .allSatisfy((reason, count) -> assertThat(count).isEqualTo(1));
        assertThat(manifest.labels()).containsExactly("B-X", "O");
        assertThatThrownBy(() -> prepare("refused", "train: " + bad))
                .isInstanceOfSatisfying(
                        RunException.class,
                        refused -> assertThat(refused.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageContaining("7 of 68 rows of ")
                .hasMessageContaining("uneven_labels: 1, such as in file:")
                .hasMessageContaining("more than data.max_bad_fraction: 0.01 allows");
        // A row without a token is only found when it is tokenized.
        assertThatThrownBy(() -> prepare("tokenless", "train: " + bad, "max_bad_fraction: 0.11"))
                .isInstanceOfSatisfying(
                        RunException.class,
                        refused -> assertThat(refused.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageContaining("no_labelled_token: 1");
        Path eval = write("eval.jsonl", List.of("{\"text\": [\"a\"], \"label\": [\"B-Y\"]}"));
        assertThatThrownBy(() -> prepare("unknown", "train: " + bad, "eval: " + eval, "max_bad_fraction: 0.2"))
                .hasMessageContaining("data.eval: 1 rows of ")
                .hasMessageContaining("have the label B-Y, which data.train does not have");
        assertThatThrownBy(() -> prepare("column", "train: " + bad, "text: words"))
                .isInstanceOfSatisfying(
                        RunException.class,
                        refused -> assertThat(refused.exitCode()).isEqualTo(ExitCode.CONFIG))
                .hasMessageContaining("data.text: ")
                .hasMessageContaining("has no column words, its columns are label, text");
    }

    private static String[] with(String[] settings, String other) {
        String[] all = Arrays.copyOf(settings, settings.length + 1);
        all[settings.length] = other;
        return all;
    }
}
