package io.github.sparkfinetune.data.task.question;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.QuestionAnsweringConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema.Column;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.RawSource;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.TextCleaning;
import io.github.sparkfinetune.data.task.TextRows;
import io.github.sparkfinetune.data.task.WindowSamples;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Task {@code question-answering}: a question and the text that holds its answer become windows of
 * {@code data.max_length} tokens, each a sample ({@link QuestionWindows}). The first of several answers is trained. If
 * questions may have no answer, questions with and without answers are separate strata.
 */
public record QuestionAnsweringData(DataConfig data, QuestionAnsweringConfig settings) implements TaskData<Question> {
    private static final String GROUP = "context";

    public static QuestionAnsweringData of(RunConfig config) {
        return new QuestionAnsweringData(config.data(), config.questionAnswering());
    }

    @Override
    public String text(Question content) {
        return content.row().question() + "\n" + content.row().context();
    }

    @Override
    public void check(TokenizerFiles files) {
        TextRows.refusePair(data);
        TextRows.refuseCorpus(data);
    }

    @Override
    public Reading<Question> reading(RawSource source, TokenizerFiles files, boolean supervised) {
        TextRows.refuseBareTexts(
                source, "hold no questions", "squad, jsonl, csv or parquet for task question-answering");
        QuestionRows.Columns columns = source.format().isOfQuestions()
                ? QuestionRows.Columns.SQUAD
                : new QuestionRows.Columns(settings.question(), settings.context(), settings.answers());
        List<String> present = source.columns();
        // JSON lines without rows have no columns; the missing rows are reported when rows are counted.
        if (!source.format().hasOpenColumns() || !present.isEmpty()) {
            require(source, "question", columns.question());
            require(source, "context", columns.context());
            if (supervised) {
                require(source, "answers", columns.answers());
            }
        }
        List<String> read = Stream.of(QuestionRows.Columns.ID, columns.question(), columns.context(), columns.answers())
                .filter(present::contains)
                .toList();
        return new Reading.JsonObjects<>(
                read, new QuestionRows(columns, supervised, settings.version2WithNegative(), TextCleaning.of(data)));
    }

    private static void require(RawSource source, String key, String column) {
        source.requireColumn(
                "question_answering." + key,
                column,
                ": name the right one, or set data.format to squad where it is SQuAD's own JSON");
    }

    /** Returns no labels, as questions have none. */
    @Override
    public Map<String, Long> rowsPerLabel(Map<String, Long> strata, Map<String, Long> found) {
        return Map.of();
    }

    private QuestionWindows windows(TextTokenizer tokenizer) {
        return new QuestionWindows(tokenizer, data.maxLength(), data.windowStride());
    }

    @Override
    public Optional<String> groupName() {
        return Optional.of(GROUP);
    }

    @Override
    public byte[] group(Question question) {
        return question.row().context().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public Encoder<Question> encoder(TextTokenizer tokenizer, TokenizerFiles files, String key, List<String> labels) {
        QuestionWindows windows = windows(tokenizer);
        return row -> {
            QuestionWindows.Cut cut = windows.cut(row.content(), true);
            return cut.droppedBecause() == null
                    ? WindowSamples.bytes(cut.samples())
                    : WindowSamples.dropped(cut.droppedBecause());
        };
    }

    @Override
    public SampleSink sink(SampleOutput output, List<String> labels) {
        return new WindowSamples(output, 0);
    }

    @Override
    public SampleSchema schema() {
        return new SampleSchema(Set.of(
                Column.INPUT_IDS, Column.TOKEN_TYPE_IDS, Column.WINDOW, Column.OFFSETS, Column.ANSWER, Column.ROW));
    }

    @Override
    public DatasetOptions options(TokenizerFiles files) {
        return DatasetOptions.of(data, files, GROUP)
                .withColumns(settings.question(), settings.context(), settings.answers())
                .withStride(data.windowStride())
                .withQuestionAnswering(new DatasetOptions.QuestionOptions(settings.version2WithNegative()));
    }

    @Override
    public Function<CleanRow<Question>, TaskInput> usableInputs(TextTokenizer tokenizer, TokenizerFiles files) {
        QuestionWindows windows = windows(tokenizer);
        return row -> {
            QuestionRow texts = row.content().row();
            QuestionWindows.Cut cut = windows.cut(row.content(), false);
            return cut.droppedBecause() == null
                    ? TaskInput.question(row.file(), texts.question(), texts.context(), cut.samples())
                    : TaskInput.bad(row.file(), cut.droppedBecause().label());
        };
    }
}
