package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Warning;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Splits by columns of the source: {@code data.split_by} and {@code data.split_by_time}. */
class PrepareSplitTest {
    private static final int ROWS = 300;

    @TempDir
    private Path folder;

    private SparkSession spark;

    @BeforeEach
    void start() {
        spark = PrepareFixture.spark(2);
    }

    /** Returns the user of a row. Users have 3 to 21 rows, and the rows of a user are far apart. */
    private static int user(int row) {
        int number = row % 100;
        return (int) Math.sqrt(number * 8);
    }

    /** Returns the day of a row, in four months. */
    private static String day(int row) {
        int number = row * 37 % 112;
        return String.format(Locale.ROOT, "2024-%02d-%02d", 1 + number / 28, 1 + number % 28);
    }

    private static String text(int row) {
        return "note " + row + " of user " + user(row) + " on " + day(row) + " " + PrepareFixture.text(row);
    }

    private static String json(int row, String more) {
        return "{\"text\": \"" + text(row) + "\"" + more + "}";
    }

    private static List<String> lines(Function<Integer, String> more) {
        List<String> lines = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
            lines.add(json(row, more.apply(row)));
        }
        return lines;
    }

    private static List<String> users() {
        return lines(row -> ", \"user\": " + user(row) + ", \"day\": \"" + day(row) + "\"");
    }

    private RunConfig config(String name, Path train, String... data) {
        List<String> all = new ArrayList<>(List.of("train: " + train, "max_length: 256"));
        Collections.addAll(all, data);
        return PrepareFixture.languageModel("causal-lm", folder.resolve(name), all.toArray(String[]::new));
    }

    private Manifest prepare(String name, Path train, String... data) {
        return PrepareJob.run(spark, config(name, train, data));
    }

    /** Returns the texts of each split. */
    private Map<String, List<String>> texts(String name, Manifest manifest) throws IOException {
        Map<String, List<String>> texts = new LinkedHashMap<>();
        TokenizerFiles files = TokenizerFiles.read(
                new org.apache.hadoop.fs.Path(config(name, folder).model()), new Configuration());
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            for (String split : manifest.splits().keySet()) {
                texts.put(
                        split,
                        PrepareFixture.samples(folder.resolve(name), manifest, split).stream()
                                .map(Sample::inputIds)
                                .map(tokenizer::decode)
                                .sorted()
                                .toList());
            }
        }
        return texts;
    }

    private static Set<String> found(List<String> texts, String pattern) {
        return texts.stream()
                .map(text -> text.replaceFirst(pattern, "$1"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> usersOf(List<String> texts) {
        return found(texts, ".* of user (\\d+) .*");
    }

    private static Set<String> daysOf(List<String> texts) {
        return found(texts, ".* on (\\S+) .*");
    }

    @Test
    @Tag("full")
    void keepsRowsOfAUserOnOneSideForAnyFormatAndPartitions() throws IOException {
        List<String> lines = users();
        Path jsonl = PrepareFixture.write(folder.resolve("notes.jsonl"), lines);
        String[] split = {"split_by: user", "eval_fraction: 0.2", "test_fraction: 0.1"};
        Manifest manifest = prepare("jsonl", jsonl, split);
        Map<String, List<String>> texts = texts("jsonl", manifest);

        Set<String> users = new HashSet<>();
        texts.values().forEach(splitTexts -> {
            assertThat(Collections.disjoint(usersOf(splitTexts), users)).isTrue();
            users.addAll(usersOf(splitTexts));
        });
        assertThat(users).hasSize(27);
        // Off by at most half of a user's rows, which are at most 21.
        assertThat((double) texts.get("eval").size()).isBetween(49.5, 70.5);
        assertThat((double) texts.get("test").size()).isBetween(19.5, 40.5);
        texts.forEach((name, splitTexts) -> assertThat(manifest.split(name).side())
                .isEqualTo(new DatasetSplit.Side(
                        splitTexts.size(), "[user]", usersOf(splitTexts).size(), 0, null, null)));

        List<String> csv = new ArrayList<>(List.of("user,day,text"));
        for (int row = 0; row < ROWS; row++) {
            csv.add(user(row) + "," + day(row) + ",\"" + text(row) + "\"");
        }
        Path parquet = folder.resolve("notes.parquet");
        spark.read().json(jsonl.toString()).repartition(5).write().parquet(parquet.toString());
        Collections.shuffle(lines, new Random(1));
        Path many = folder.resolve("many");
        for (int i = 0; i < 7; i++) {
            PrepareFixture.write(many.resolve(i + ".jsonl"), lines.subList(i * ROWS / 7, (i + 1) * ROWS / 7));
        }
        Path folders = folder.resolve("folders");
        spark.read().json(jsonl.toString()).write().partitionBy("user").json(folders.toString());
        for (Path other : List.of(PrepareFixture.write(folder.resolve("notes.csv"), csv), parquet, many, folders)) {
            Manifest same = prepare("as-" + other.getFileName(), other, split);
            assertThat(PrepareFixture.splits(same)).as(other.toString()).isEqualTo(PrepareFixture.splits(manifest));
        }
    }

    @Test
    void groupsBySeveralColumnsAndLeavesRowsWithoutAValueAlone() throws IOException {
        List<String> lines = lines(row -> row % 3 == 0 ? "" : ", \"user\": " + user(row) + ", \"thread\": " + row % 2);
        Path train = PrepareFixture.write(folder.resolve("notes.jsonl"), lines);
        Manifest manifest = prepare("dataset", train, "split_by: [user, thread]", "eval_fraction: 0.2");
        long groups = manifest.splits().values().stream()
                .mapToLong(split -> split.side().groups())
                .sum();
        Set<String> pairs = new HashSet<>();
        for (int row = 0; row < ROWS; row++) {
            pairs.add(row % 3 == 0 ? "row " + row : user(row) + " " + row % 2);
        }
        assertThat(groups).isEqualTo(pairs.size());
        assertThat(manifest.split("eval").side().shared()).isZero();
        assertThat(manifest.split("eval").rows()).isBetween(55L, 65L);
        assertThat(manifest.options().splitBy()).isEqualTo("[user, thread]");
    }

    @Test
    void groupsConversationsByAnObject() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
            lines.add("{\"prompt\": \"" + text(row) + "\", \"completion\": \"done\", \"user\": {\"id\": " + user(row)
                    + "}}");
        }
        Path train = PrepareFixture.write(folder.resolve("notes.jsonl"), lines);
        String[] data = {"train: " + train, "split_by: user", "eval_fraction: 0.2", "max_length: 256"};
        Manifest manifest = PrepareJob.run(spark, PrepareFixture.languageModel("sft", folder.resolve("dataset"), data));
        Map<String, List<String>> texts = texts("dataset", manifest);
        assertThat(usersOf(texts.get("eval"))).doesNotContainAnyElementsOf(usersOf(texts.get("train")));
        assertThat(manifest.split("train").side().groups()
                        + manifest.split("eval").side().groups())
                .isEqualTo(27);
    }

    @Test
    void keepsEqualTextsOfSeveralUsersOnce() throws IOException {
        List<String> lines = users();
        // Two additional users have the texts of other users.
        for (int row = 0; row < 60; row++) {
            lines.add(json(row, ", \"user\": " + (100 + row % 2)));
        }
        List<Manifest> manifests = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Path train = PrepareFixture.write(folder.resolve("notes" + i + ".jsonl"), lines);
            manifests.add(prepare("dataset" + i, train, "split_by: user", "eval_fraction: 0.2", "deduplicate: true"));
            Collections.shuffle(lines, new Random(2));
        }
        Manifest manifest = manifests.get(0);
        assertThat(PrepareFixture.splits(manifests.get(1))).isEqualTo(PrepareFixture.splits(manifest));
        assertThat(manifest.duplicates()).isEqualTo(60);
        for (DatasetSplit split : manifest.splits().values()) {
            assertThat(split.side().rows()).isEqualTo(split.rows());
        }
        assertThat(manifest.split("train").rows() + manifest.split("eval").rows())
                .isEqualTo(ROWS);
    }

    @Test
    void holdsOutTheNewestRows() throws IOException {
        Path train = PrepareFixture.write(folder.resolve("notes.jsonl"), users());
        Manifest manifest = prepare("dataset", train, "split_by_time: day", "eval_fraction: 0.2", "test_fraction: 0.1");
        Map<String, List<String>> texts = texts("dataset", manifest);
        String before = "";
        for (String split : List.of("train", "eval", "test")) {
            TreeSet<String> days = new TreeSet<>(daysOf(texts.get(split)));
            assertThat(days.first()).isGreaterThan(before);
            before = days.last();
            assertThat(manifest.split(split).side())
                    .isEqualTo(new DatasetSplit.Side(texts.get(split).size(), null, 0, 0, days.first(), days.last()));
        }
        // A day has 2 or 3 rows.
        assertThat(texts.get("eval")).hasSizeBetween(58, 62);
        assertThat(texts.get("test")).hasSizeBetween(28, 32);
        assertThat(DataFunnel.of(manifest))
                .filteredOn(line -> line.name().equals("test rows"))
                .extracting(DataFunnel.Line::note)
                .containsExactly("from " + new TreeSet<>(daysOf(texts.get("test"))).first() + " to " + before);
        assertThat(manifest.options().splitByTime()).isEqualTo("day");
    }

    @ParameterizedTest
    @CsvSource({"split_by_time: day, 2024-01-15, 2024-01-28", "split_by: user, , "})
    void measuresTheRowsThatHaveALabelBesideATeacher(String split, String from, String to) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int row = 0; row < ROWS; row++) {
            // The newest rows are not labelled yet, nor is every third of the others.
            boolean isLabelled = day(row).startsWith("2024-01") && row % 3 > 0;
            String label = isLabelled ? ", \"label\": \"class" + row % 2 + "\"" : "";
            lines.add(json(row, ", \"user\": " + user(row) + ", \"day\": \"" + day(row) + "\"" + label));
        }
        long labelled = lines.stream().filter(line -> line.contains("label")).count();
        Path train = PrepareFixture.write(folder.resolve("notes.jsonl"), lines);
        Path teacher = Path.of("../finetune-core/src/test/resources/golden/models/roberta-seqcls");
        RunConfig config = PrepareFixture.config(
                folder.resolve("dataset"),
                "train: " + train,
                "eval_fraction: 0.5",
                split + "\nteacher: {model: " + teacher.toAbsolutePath().normalize() + "}");
        Manifest manifest = PrepareJob.run(spark, config);

        DatasetSplit eval = manifest.split("eval");
        assertThat(eval.rows()).isCloseTo(labelled / 2, Offset.offset(10L));
        assertThat(eval.rowsPerLabel().stream().mapToLong(Long::longValue).sum())
                .isEqualTo(eval.rows());
        assertThat(eval.side().rows()).isEqualTo(eval.rows());
        assertThat(eval.side().from()).isEqualTo(from);
        assertThat(eval.side().to()).isEqualTo(to);
        assertThat(manifest.badRows())
                .containsOnly(entry(
                        "held_out_without_label",
                        ROWS - eval.rows() - manifest.split("train").rows()));
        DatasetSplit trained = manifest.split("train");
        assertThat(trained.side().rows()).isEqualTo(trained.rows());
        assertThat(trained.rows())
                .isGreaterThan(trained.rowsPerLabel().stream()
                        .mapToLong(Long::longValue)
                        .sum());
        if (from != null) {
            assertThat(day(ROWS - 1)).isGreaterThan(to);
        }
    }

    @Test
    @Tag("full")
    void readsTheSameTimesInEveryFormatAndTimeZone() throws IOException {
        List<String> lines = lines(row -> ", \"at\": \"" + day(row) + "T0" + row % 10 + ":00:00Z\"");
        Path jsonl = PrepareFixture.write(folder.resolve("notes.jsonl"), lines);
        Manifest manifest = prepare("dataset", jsonl, "split_by_time: at", "eval_fraction: 0.2");
        for (String zone : List.of("UTC", "America/New_York")) {
            spark.conf().set("spark.sql.session.timeZone", zone);
            Path parquet = folder.resolve(zone.replace('/', '-') + ".parquet");
            spark.read()
                    .json(jsonl.toString())
                    .selectExpr("text", "cast(at as timestamp) as at")
                    .write()
                    .parquet(parquet.toString());
            Manifest same = prepare("as-" + parquet.getFileName(), parquet, "split_by_time: at", "eval_fraction: 0.2");
            assertThat(PrepareFixture.splits(same)).isEqualTo(PrepareFixture.splits(manifest));
        }
        spark.conf().unset("spark.sql.session.timeZone");
    }

    @Test
    void keepsTheOldestOfEqualTexts() throws IOException {
        List<String> lines = users();
        for (int row = 0; row < 40; row++) {
            lines.add(json(row, ", \"day\": \"2025-01-01\""));
        }
        Path train = PrepareFixture.write(folder.resolve("notes.jsonl"), lines);
        Manifest again = prepare("dataset", train, "split_by_time: day", "eval_fraction: 0.2", "deduplicate: true");
        Path once = PrepareFixture.write(folder.resolve("once.jsonl"), users());
        Manifest manifest = prepare("once", once, "split_by_time: day", "eval_fraction: 0.2", "deduplicate: true");
        assertThat(again.duplicates()).isEqualTo(40);
        assertThat(PrepareFixture.splits(again)).isEqualTo(PrepareFixture.splits(manifest));
    }

    @Test
    void countsRowsWithoutATimeAndRefusesOtherColumns() throws IOException {
        List<String> lines = users();
        lines.add(json(1000, ""));
        lines.add(json(1001, ", \"day\": \"soon\""));
        Path train = PrepareFixture.write(folder.resolve("notes.jsonl"), lines);
        Manifest manifest = prepare("dataset", train, "split_by_time: day", "max_bad_fraction: 0.1");
        assertThat(manifest.badRows()).isEqualTo(Map.of("no_time", 1L, "bad_time", 1L));

        lines.set(0, json(0, ", \"day\": 20240101"));
        Path mixed = PrepareFixture.write(folder.resolve("mixed.jsonl"), lines);
        assertRefused(
                "data.split_by_time: day holds 299 dates and 1 numbers: use only dates or only numbers",
                mixed,
                "split_by_time: day",
                "max_bad_fraction: 0.1");
        assertRefused("data.split_by_time: no row of ", train, "split_by_time: date", "max_bad_fraction: 1");
        assertRefused("data.split_by: no row of ", train, "split_by: patient");
        Path csv = PrepareFixture.write(folder.resolve("notes.csv"), List.of("text,user", "some text,1"));
        assertRefused("data.split_by: ", csv, "split_by: patient");
        Path texts = PrepareFixture.write(folder.resolve("notes.txt"), List.of("some text"));
        assertRefused("data.split_by: ", texts, "split_by: patient", "format: text");
    }

    private void assertRefused(String message, Path train, String... data) {
        assertThatThrownBy(() -> prepare("refused", train, data))
                .isInstanceOf(RunException.class)
                .hasMessageStartingWith(message)
                .hasMessageNotContaining("\n");
        assertThat(folder.resolve("refused")).doesNotExist();
    }

    @Test
    void refusesADatasetOfAnotherSplit() throws IOException {
        Path train = PrepareFixture.write(folder.resolve("notes.jsonl"), users());
        Manifest manifest = prepare("dataset", train, "split_by: user");
        assertThat(prepare("dataset", train, "split_by: [user]")).isEqualTo(manifest);
        for (String[] other : new String[][] {
            {"split_by: day", "data.split_by: [user], this run has [day]"},
            {"split_by: []", "data.split_by: [user], this run has none"},
            {"split_by_time: day", "data.split_by_time: none, this run has day"}
        }) {
            assertThatThrownBy(() -> prepare("dataset", train, other[0]))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining(other[1]);
        }
    }

    /** Manifests of earlier versions do not mention groups: their rows were held out one by one. */
    @Test
    void usesADatasetOfAnEarlierVersionIfRowsAreSplitOneByOne() throws IOException {
        Path train = folder.resolve("train.jsonl");
        Questions.lines(train, Questions.rows(60, 4));
        Path dataset = folder.resolve("dataset");
        RunConfig alone = PrepareFixture.questions(dataset, "train: " + train, "split_by: []");
        Manifest manifest = PrepareJob.run(spark, alone);
        assertThat(Files.readString(dataset.resolve("manifest-1.json"))).doesNotContain("split_by", "side");
        assertThat(PrepareJob.run(spark, alone)).isEqualTo(manifest);
        assertThatThrownBy(() -> PrepareJob.run(spark, PrepareFixture.questions(dataset, "train: " + train)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("was prepared with data.split_by: none, this run has context");
    }

    @Test
    void countsGroupsOfTheRemainingDocuments() throws IOException {
        List<String> lines = users();
        for (int row = 0; row < 50; row++) {
            // Nearly equal texts, each of another user.
            lines.add("{\"text\": \"" + text(row) + " once more\", \"user\": " + (200 + row) + "}");
        }
        Path train = PrepareFixture.write(folder.resolve("notes.jsonl"), lines);
        Manifest manifest = prepare(
                "dataset",
                train,
                "split_by: user",
                "eval_fraction: 0.2",
                "corpus: {near_dedup: {enabled: true, threshold: 0.5}}");
        Map<String, List<String>> texts = texts("dataset", manifest);
        assertThat(manifest.corpus().rejected().get("near_dedup.threshold")).isGreaterThanOrEqualTo(40);
        long rows = manifest.split("train").rows() + manifest.split("eval").rows();
        assertThat(manifest.split("eval").rows()).isBetween(Math.round(0.2 * rows) - 11, Math.round(0.2 * rows) + 11);
        texts.forEach((name, splitTexts) ->
                assertThat(manifest.split(name).side().rows()).isEqualTo(splitTexts.size()));
        assertThat(manifest.split("eval").side().shared()).isZero();
    }

    @Test
    void reportsAUserOnBothSides() throws IOException {
        List<String> lines = users();
        Path train = PrepareFixture.write(folder.resolve("train.jsonl"), lines.subList(0, 200));
        Path test = PrepareFixture.write(folder.resolve("test.jsonl"), lines.subList(200, ROWS));
        Manifest manifest = prepare("dataset", train, "test: " + test, "eval_fraction: 0", "split_by: user");
        assertThat(manifest.warnings())
                .filteredOn(warning -> warning.code().equals("train_test_groups"))
                .extracting(Warning::message)
                .containsExactly("100 of the test rows have the same user as rows to train on: what is measured on them"
                        + " is not what the model does on a new user; take one or the other out");
        assertThat(DataFunnel.of(manifest))
                .filteredOn(line -> line.name().equals("test rows"))
                .extracting(DataFunnel.Line::note)
                .containsExactly("of 27 different values of user, 100 rows of such that are trained on");
    }
}
