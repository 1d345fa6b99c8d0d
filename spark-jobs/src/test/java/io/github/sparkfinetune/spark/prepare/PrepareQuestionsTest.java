package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.question.QuestionRow;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrepareQuestionsTest {
    private static final int ROWS = 120;

    @TempDir
    private Path folder;

    private SparkSession spark;
    private final List<Map<String, Object>> rows = Questions.rows(ROWS, 4);

    @BeforeEach
    void start() {
        spark = PrepareFixture.spark(2);
    }

    private Manifest prepare(String name, String... data) {
        return PrepareJob.run(spark, PrepareFixture.questions(folder.resolve(name), data));
    }

    private List<Sample> samples(String name, Manifest manifest, String split) throws IOException {
        return PrepareFixture.samples(folder.resolve(name), manifest, split);
    }

    @Test
    void makesTheSameWindowsFromEveryFormat() throws IOException {
        Path squad = Questions.squad(folder.resolve("train.json"), rows, 3);
        String[] heldOut = {"test_fraction: 0.2", "split_by: []"};
        Manifest manifest = prepare("squad", "format: squad", "train: " + squad, heldOut[0], heldOut[1]);
        assertThat(manifest.labels()).isEmpty();
        assertThat(manifest.badRows()).isEmpty();
        assertThat(manifest.options().stride()).isEqualTo(8);
        List<QuestionRow> allQuestions = new ArrayList<>();
        for (String split : manifest.splits().keySet()) {
            List<Sample> samples = samples("squad", manifest, split);
            List<QuestionRow> ofSplit = questions(samples);
            // The same share of both kinds is held out: 90 questions have an answer, 30 have none.
            int share = split.equals("train") ? 7 : split.equals("eval") ? 1 : 2;
            assertThat(ofSplit.stream().filter(row -> row.answers().isEmpty())).hasSize(3 * share);
            assertThat(ofSplit).hasSize(12 * share);
            allQuestions.addAll(ofSplit);
        }
        assertThat(allQuestions.stream().map(QuestionRow::id)).containsExactlyInAnyOrderElementsOf(Questions.ids(ROWS));

        Path jsonl = Questions.lines(folder.resolve("train.jsonl"), rows);
        Path parquet = folder.resolve("train.parquet");
        spark.read().json(jsonl.toString()).write().parquet(parquet.toString());
        Path gzip = folder.resolve("train.json.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(gzip))) {
            Files.copy(squad, out);
        }
        Path halves = Files.createDirectory(folder.resolve("halves"));
        Questions.squad(halves.resolve("a.json"), rows.subList(0, 60), 3);
        Questions.squad(halves.resolve("b.json"), rows.subList(60, ROWS), 3);
        // Several tasks read slices of the file, and some slices have no paragraphs.
        Path wide = Questions.squad(folder.resolve("wide.json"), rows, 2 << 20);
        assertThat(Files.size(wide)).isGreaterThan(16 << 20);
        Path csv = Questions.csv(folder.resolve("train.csv"), rows);
        for (Object[] other : new Object[][] {
            {"jsonl", jsonl}, {"parquet", parquet}, {"squad", gzip}, {"squad", halves}, {"squad", wide}, {"csv", csv}
        }) {
            String name = "other-" + ((Path) other[1]).getFileName();
            Manifest same = prepare(name, "format: " + other[0], "train: " + other[1], heldOut[0], heldOut[1]);
            assertThat(PrepareFixture.splits(same)).as(name).isEqualTo(PrepareFixture.splits(manifest));
            for (String split : manifest.splits().keySet()) {
                assertThat(samples(name, same, split)).isEqualTo(samples("squad", manifest, split));
            }
        }
    }

    private static List<QuestionRow> questions(List<Sample> samples) {
        List<QuestionRow> rows = new ArrayList<>();
        int number = 0;
        for (Sample sample : samples) {
            // The windows of a question are consecutive.
            number = sample.window().number() == 0 ? 0 : number + 1;
            assertThat(sample.window().number()).isEqualTo(number);
            if (number == 0) {
                rows.add(QuestionRow.of(sample.window().row()));
            }
            int[] answer = sample.window().answer();
            QuestionRow row = rows.get(rows.size() - 1);
            if (answer[1] > 0) {
                int[] offsets = sample.window().offsets();
                assertThat(row.context().substring(offsets[2 * answer[0]], offsets[2 * answer[1] + 1]))
                        .isEqualTo(row.answers().get(0));
            }
        }
        return rows;
    }

    /** Equal questions have other ids. Which of them comes first does not depend on the partitions of the source. */
    @Test
    void ordersRowsOfEqualContentAlways() throws IOException {
        List<Map<String, Object>> twins = new ArrayList<>(rows.subList(0, 12));
        for (int copy = 1; copy < 4; copy++) {
            String suffix = "-" + copy;
            rows.subList(0, 12)
                    .forEach(row -> twins.add(new TreeMap<>(Map.of(
                            "id", row.get("id") + suffix,
                            "question", row.get("question"),
                            "context", row.get("context"),
                            "answers", row.get("answers")))));
        }
        List<Map<String, Object>> reversed = new ArrayList<>(twins);
        Collections.reverse(reversed);
        for (boolean deduplicate : new boolean[] {false, true}) {
            List<List<Sample>> all = new ArrayList<>();
            for (List<Map<String, Object>> order : List.of(twins, reversed)) {
                String name = "twins-" + deduplicate + all.size();
                Path file = Questions.lines(folder.resolve(name + ".jsonl"), order);
                Manifest manifest = prepare(name, "train: " + file, "eval_fraction: 0", "deduplicate: " + deduplicate);
                assertThat(manifest.duplicates()).isEqualTo(deduplicate ? 36 : 0);
                all.add(samples(name, manifest, "train"));
            }
            assertThat(all.get(1)).isEqualTo(all.get(0));
        }
    }

    @Test
    void keepsTheOrderOfQuestionsToPredictWithoutAnswers() throws IOException {
        Path file = folder.resolve("new.json");
        String context = "c ".repeat(60) + "end";
        Files.writeString(
                file,
                "{\"data\": [{\"paragraphs\": [{\"context\": \"" + context + "\", \"qas\": [{\"question\": \"first?\"},"
                        + " {\"id\": \"second\", \"question\": \" second?\", \"answers\": [{\"bad\": 1}]},"
                        + " {\"question\": \" \"}]}, {\"context\": \"d\", \"qas\": [{\"question\": \"third?\"}]}]}]}");
        RunConfig config = PrepareFixture.questions(folder.resolve("dataset"), "format: squad", "train: t");
        List<TaskInput> inputs = PrepareFixture.inputs(spark, config, file).collect();
        assertThat(inputs).extracting(TaskInput::text).containsExactly("first?", "second?", null, "third?");
        assertThat(inputs).extracting(TaskInput::error).containsExactly(null, null, "empty_text", null);
        assertThat(inputs).extracting(TaskInput::index).containsExactly(0L, 1L, 2L, 3L);
        assertThat(inputs.get(0).textPair()).isEqualTo(context);
        assertThat(inputs.get(0).samples()).hasSizeGreaterThan(1);
        assertThat(inputs.get(0).file()).endsWith("new.json");
    }

    @Test
    void countsUnusableRows() throws IOException {
        List<Map<String, Object>> changedRows = new ArrayList<>(rows);
        changedRows.get(1).put("answers", List.of(Map.of("text", "author", "answer_start", 0)));
        changedRows.get(2).put("answers", List.of(Map.of("text", "author")));
        changedRows.get(3).put("question", "why ".repeat(60) + "?");
        Path file = Questions.squad(folder.resolve("some.json"), changedRows, 3);
        Manifest manifest =
                prepare("dataset", "format: squad", "train: " + file, "max_bad_fraction: 0.1", "eval_fraction: 0");
        assertThat(manifest.badRows())
                .isEqualTo(Map.of("answer_not_in_context", 1L, "bad_answers", 1L, "overlong_question", 1L));
        assertThat(questions(samples("dataset", manifest, "train"))).hasSize(117);
        assertThat(refused(ExitCode.DATA, "format: squad", "train: " + file, "max_bad_fraction: 0.02"))
                .startsWith("data.train: 3 of 120 rows cannot be used (")
                .contains("overlong_question: 1");
        // In version 1 every question has an answer.
        RunConfig version1 = PrepareFixture.questions(folder.resolve("version1"), "format: squad", "train: " + file);
        assertThatThrownBy(() -> PrepareJob.run(spark, withoutNegative(version1)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("no_answer: 30");
    }

    private static RunConfig withoutNegative(RunConfig config) {
        return RunConfigLoader.parse(
                RunConfigLoader.toYaml(config),
                "run.yaml",
                List.of("question_answering.version_2_with_negative=false"));
    }

    @Test
    void refusesInvalidSquadWithItsPosition() throws IOException {
        Path cut = folder.resolve("cut.json");
        byte[] whole = Files.readAllBytes(Questions.squad(folder.resolve("whole.json"), rows, 3));
        Files.write(cut, Arrays.copyOf(whole, whole.length / 2));
        assertThat(refused(ExitCode.DATA, "format: squad", "train: " + cut))
                .startsWith("data.train: file:" + cut + ", line 1, column ")
                .contains("is not JSON (Unexpected end-of-input");
        Path nested = folder.resolve("nested.json");
        Files.writeString(nested, "{\"data\":\n [{\"paragraphs\": [{\"qas\": []}]}]}", StandardCharsets.UTF_8);
        assertThat(refused(ExitCode.DATA, "format: squad", "train: " + nested))
                .startsWith("data.train: file:" + nested
                        + ", line 2, column 19: data[0].paragraphs[0] has no text context or no list qas");
        Path empty = Files.writeString(folder.resolve("none.json"), "{\"data\": []}");
        assertThat(refused(ExitCode.DATA, "format: squad", "train: " + empty)).contains("none.json has no rows");
        // A format that cannot read SQuAD's JSON.
        assertThat(refused(ExitCode.CONFIG, "train: " + folder.resolve("whole.json")))
                .startsWith("question_answering.question: ")
                .contains("its columns are data, version: name the right one, or set data.format to squad");
    }

    @Test
    void refusesADatasetOfOtherWindows() throws IOException {
        Path file = Questions.squad(folder.resolve("train.json"), rows, 3);
        Path dataset = folder.resolve("dataset");
        prepare("dataset", "format: squad", "train: " + file);
        RunConfig config = PrepareFixture.questions(dataset, "format: squad", "train: " + file);
        for (String change :
                new String[] {"data.stride=9", "question_answering.version_2_with_negative=false", "data.max_length=40"
                }) {
            RunConfig other = RunConfigLoader.parse(RunConfigLoader.toYaml(config), "run.yaml", List.of(change));
            assertThatThrownBy(() -> PrepareJob.run(spark, other))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("was prepared with " + change.substring(0, change.indexOf('=')) + ": ");
        }
    }

    private String refused(ExitCode code, String... data) {
        Path dataset = folder.resolve("refused");
        try {
            PrepareJob.run(spark, PrepareFixture.questions(dataset, data));
        } catch (RunException e) {
            assertThat(e.exitCode()).isEqualTo(code);
            assertThat(e.getMessage()).doesNotContain("\n");
            assertThat(dataset.resolve("manifest-1.json")).doesNotExist();
            return e.getMessage();
        }
        throw new AssertionError("not refused: " + List.of(data));
    }
}
