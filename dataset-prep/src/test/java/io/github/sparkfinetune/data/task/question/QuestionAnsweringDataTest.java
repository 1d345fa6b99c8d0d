package io.github.sparkfinetune.data.task.question;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.RawRow;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.Rows;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.TaskInput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class QuestionAnsweringDataTest {
    private static final String CONTEXT = "Permission is granted \uD83D\uDE00 by the author.";
    private static final String[] COLUMNS = {"id", "question", "context", "answers"};

    private final TokenizerFiles files = GoldenFolder.tokenizer("wordpiece");

    QuestionAnsweringDataTest() throws IOException {}

    private List<CleanRow<Question>> clean(QuestionAnsweringData task, boolean supervised, String... rows) {
        return Rows.clean(
                task.reading(Rows.jsonLines(COLUMNS), files, supervised),
                Arrays.stream(rows).map(Rows::row).toArray(RawRow[]::new));
    }

    private static Map<String, Object> answers(List<?> texts, List<?> starts) {
        return Map.of("text", texts, "answer_start", starts);
    }

    @Test
    void readsEveryFormOfAnswersAndChecksTheirPlaces() {
        // The face is one character in Python, and two in Java.
        int at = Questions.points(CONTEXT, CONTEXT.indexOf("the author"));
        Object columns = answers(List.of("the author", "author"), List.of(at, at + 4));
        Object list = List.of(
                Map.of("text", "the author", "answer_start", at), Map.of("answer_start", at + 4, "text", "author"));
        for (Object answers : List.of(columns, list, Questions.json(columns), Questions.json(list))) {
            CleanRow<Question> row = clean(
                            Questions.withNegative(), true, Questions.row("\u00a0\t Who?", CONTEXT, answers))
                    .get(0);
            assertThat(row.badBecause()).isNull();
            assertThat(row.content().row())
                    .isEqualTo(new QuestionRow("q1", "Who?", CONTEXT, List.of("the author", "author")));
            assertThat(CONTEXT.substring(row.content().start(), row.content().end()))
                    .isEqualTo("the author");
            assertThat(row.stratum()).isEqualTo("answerable");
        }
        List<CleanRow<Question>> none = clean(
                Questions.withNegative(),
                true,
                Questions.row("Who?", CONTEXT, List.of()),
                Questions.row("Who?", CONTEXT, answers(List.of(), List.of())),
                Questions.row("Who?", CONTEXT, answers(List.of(""), List.of(-1))));
        assertThat(none).allSatisfy(row -> {
            assertThat(row.stratum()).isEqualTo("unanswerable");
            assertThat(row.content().row().answers()).isEmpty();
            assertThat(row.content().start()).isEqualTo(-1);
        });
        assertThat(Questions.withNegative().rowsPerLabel(Map.of("answerable", 3L), Map.of()))
                .isEmpty();
    }

    @Test
    void movesAnswersWhenTheContextIsCleaned() {
        String dirty = "A\0 notice\uFFFD of th\1e author";
        CleanRow<Question> row = clean(
                        Questions.withNegative(), true, Questions.answered("Whose?", dirty, "th\1e author"))
                .get(0);
        assertThat(row.changes().repaired()).isTrue();
        assertThat(row.content().row().context()).isEqualTo("A notice of the author");
        assertThat(row.content().row().answers()).containsExactly("the author");
        assertThat(row.content().start()).isEqualTo(12);
        // The end of the context is cut off, with the answer in it.
        String wide = "word ".repeat(20) + "answer";
        assertThat(clean(
                        Questions.withNegative("max_text_bytes: 64"),
                        true,
                        Questions.answered("Which?", wide, "answer")))
                .extracting(CleanRow::badBecause)
                .containsExactly("answer_not_in_context");
    }

    @Test
    void reportsWhyARowIsUnusable() {
        String[] rows = {
            Questions.row(null, CONTEXT, List.of()),
            Questions.row("Who?", null, List.of()),
            Questions.row("Who?", List.of(CONTEXT), List.of()),
            Questions.row(" ", CONTEXT, List.of()),
            Questions.row("Who?", "\n", List.of()),
            Questions.row("\0\1\2\3a", CONTEXT, List.of()),
            Questions.row("Who?", CONTEXT, null),
            Questions.row("Who?", CONTEXT, "the author"),
            Questions.row("Who?", CONTEXT, 3),
            Questions.row("Who?", CONTEXT, List.of("author")),
            Questions.row("Who?", CONTEXT, answers(List.of("author"), List.of())),
            Questions.row("Who?", CONTEXT, answers(List.of("author"), List.of(1.5))),
            Questions.row("Who?", CONTEXT, answers(List.of("author"), List.of(0))),
            Questions.row("Who?", CONTEXT, answers(List.of("author"), List.of(-1))),
            Questions.row("Who?", CONTEXT, answers(List.of("author"), List.of(1000))),
            Questions.row("Who?", CONTEXT, answers(List.of("Permission", "author"), List.of(0, 0))),
            "{\"question\"",
            "[1]",
            "{} {}"
        };
        assertThat(clean(Questions.withNegative(), true, rows))
                .extracting(CleanRow::badBecause)
                .containsExactly(
                        "no_question",
                        "no_context",
                        "no_context",
                        "empty_text",
                        "empty_text",
                        "binary_text",
                        "no_answer",
                        "bad_answers",
                        "bad_answers",
                        "bad_answers",
                        "bad_answers",
                        "bad_answers",
                        "answer_not_in_context",
                        "answer_not_in_context",
                        "answer_not_in_context",
                        "answer_not_in_context",
                        "malformed_record",
                        "malformed_record",
                        "malformed_record");
        QuestionAnsweringData version1 = QuestionAnsweringData.of(Questions.config(""));
        List<CleanRow<Question>> strict = clean(
                version1,
                true,
                Questions.row("Who?", CONTEXT, List.of()),
                Questions.row("Who?", CONTEXT, "the author"),
                Questions.row("Who?", CONTEXT, Map.of("text", List.of("by"), "answer_start", List.of(24))));
        assertThat(strict).extracting(CleanRow::badBecause).containsExactly("no_answer", "bad_answers", null);
        assertThat(strict.get(2).stratum()).isEqualTo(CleanRow.ALL);
        // Rows to predict need no answers, so any value is accepted.
        assertThat(clean(version1, false, rows).subList(6, 16))
                .extracting(CleanRow::badBecause)
                .containsOnlyNulls();
    }

    @Test
    void equalQuestionsWithEqualAnswersAreDuplicates() {
        List<CleanRow<Question>> rows = clean(
                Questions.withNegative(),
                true,
                Questions.answered("Who?", CONTEXT, "author"),
                Questions.answered("Who?", CONTEXT, "author").replace("q1", "q2"),
                Questions.answered("Who?", CONTEXT, "the author"),
                Questions.answered("Whom?", CONTEXT, "author"),
                Questions.row("Who?", CONTEXT, List.of()));
        assertThat(rows).extracting(CleanRow::badBecause).containsOnlyNulls();
        assertThat(rows.get(1).hash()).isEqualTo(rows.get(0).hash());
        assertThat(rows.stream().map(CleanRow::hash).distinct()).hasSize(4);
    }

    @Test
    void countsAQuestionWithoutRoomForItsContext() throws IOException {
        String longQuestion = "who may use and copy and modify and distribute this software and for which purpose?";
        QuestionAnsweringData task = Questions.withNegative("max_length: 32", "stride: 4");
        List<CleanRow<Question>> rows = clean(
                task,
                true,
                Questions.answered("Who?", CONTEXT.repeat(7), "author"),
                Questions.answered(longQuestion.repeat(2), CONTEXT, "author"),
                // The tokenizer drops this character.
                Questions.row("Who?", "\u200b", List.of()));
        assertThat(rows).extracting(CleanRow::badBecause).containsOnlyNulls();
        List<Sample> samples = new ArrayList<>();
        SampleCounts counts = Rows.samples(task, files, List.of(), rows, samples);
        assertThat(counts.dropped()).isEqualTo(Map.of("overlong_question", 1L, "no_context_token", 1L));
        assertThat(counts.rows()).isEqualTo(3);
        assertThat(counts.unusableRows()).isEqualTo(2);
        assertThat(samples).hasSizeGreaterThan(3).allSatisfy(sample -> {
            assertThat(sample.length()).isLessThanOrEqualTo(32);
            assertThat(sample.window().row().isEmpty())
                    .isEqualTo(sample.window().number() > 0);
        });
        assertThat(samples).extracting(sample -> sample.window().number()).startsWith(0, 1, 2);

        List<TaskInput> inputs = Rows.inputs(task, files, rows);
        assertThat(inputs).extracting(TaskInput::error).containsExactly(null, "overlong_question", "no_context_token");
        TaskInput asked = inputs.get(0);
        assertThat(List.of(asked.text(), asked.textPair())).containsExactly("Who?", CONTEXT.repeat(7));
        assertThat(asked.samples())
                .hasSameSizeAs(samples)
                .allSatisfy(sample -> assertThat(sample.window().answer()).isEmpty());
        assertThat(QuestionRow.of(asked.sample().window().row()).id()).isEqualTo("q1");
        assertThat(Rows.inputs(task, files, clean(task, false, "{}")).get(0).error())
                .isEqualTo("no_question");
    }

    @Test
    void readsTheConfiguredColumns() {
        QuestionAnsweringData task = QuestionAnsweringData.of(Questions.config("context: passage", "stride: 7"));
        Reading.JsonObjects<Question> reading = (Reading.JsonObjects<Question>)
                task.reading(Rows.jsonLines("passage", "other", "question", "answers"), files, true);
        assertThat(reading.columns()).containsExactly("question", "passage", "answers");
        assertThatThrownBy(() -> task.reading(Rows.jsonLines("context", "question", "answers"), files, true))
                .isInstanceOf(RunException.class)
                .hasMessage("question_answering.context: " + Rows.FILE
                        + " has no column passage, its columns are context, question, answers: name the right one, or"
                        + " set data.format to squad where it is SQuAD's own JSON");
        assertThat(task.reading(Rows.jsonLines("passage", "question"), files, false))
                .isNotNull();
        // SQuAD's own files have fixed column names.
        Rows.Source squad = new Rows.Source("file:/dev.json", DataFormat.SQUAD, SquadFile.COLUMNS);
        assertThat(((Reading.JsonObjects<Question>) task.reading(squad, files, true)).columns())
                .containsExactly("id", "question", "context", "answers");
        assertThatThrownBy(() ->
                        task.reading(new Rows.Source("file:/texts", DataFormat.TEXT_FOLDERS, List.of()), files, true))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("hold no questions");
        DatasetOptions options = task.options(files);
        assertThat(options.stride()).isEqualTo(7);
        assertThat(options.questionAnswering()).isEqualTo(new DatasetOptions.QuestionOptions(false));
        assertThat(options.textPair()).isEqualTo("passage");
        assertThat(QuestionAnsweringData.of(Questions.config("", "max_length: 96"))
                        .options(files)
                        .stride())
                .isEqualTo(32);
    }
}
