package io.github.sparkfinetune.data.task.question;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.dataset.RowJson;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.jinja.value.Text;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.redact.Redacted;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.RawRow;
import io.github.sparkfinetune.data.task.RowCleaner;
import io.github.sparkfinetune.data.task.TextCleaner;
import io.github.sparkfinetune.data.task.TextCleaning;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Rows with a question, a context and answers, each a JSON object of its columns.
 *
 * @param columns names of the columns
 * @param supervised true if the answers of a row are read
 * @param unanswerable true if a question may have no answer
 * @param cleaning cleaning of a text
 */
record QuestionRows(Columns columns, boolean supervised, boolean unanswerable, TextCleaning cleaning)
        implements RowCleaner.Factory<Question> {
    static final String NO_QUESTION = "no_question";
    static final String NO_CONTEXT = "no_context";
    static final String NO_ANSWER = "no_answer";

    /** Strata of questions that may have no answer, so that the same share of both kinds is held out. */
    static final String ANSWERABLE = "answerable";

    static final String UNANSWERABLE = "unanswerable";

    /** Names of the columns. */
    record Columns(String question, String context, String answers) implements Serializable {
        static final String ID = "id";
        /** Names in SQuAD's files. */
        static final Columns SQUAD = new Columns("question", "context", "answers");
    }

    @Override
    public RowCleaner<Question> open(ModelSpans byModel) {
        return new Cleaner(byModel);
    }

    private final class Cleaner implements RowCleaner<Question> {
        private final TextCleaner cleaner;
        /** Measures parts of a context, in which nothing is replaced. */
        private final TextCleaner measure = new TextCleaner(Integer.MAX_VALUE);

        private final ContentHash.Digest digest = new ContentHash.Digest();

        Cleaner(ModelSpans byModel) {
            this.cleaner = cleaning.open(byModel);
        }

        @Override
        public CleanRow<Question> clean(RawRow row) {
            if (row.isCorrupt()) {
                return CleanRow.bad(row.file(), UnusableRowException.MALFORMED);
            }
            try {
                return read(row);
            } catch (UnusableRowException e) {
                return CleanRow.bad(row.file(), e.reason());
            }
        }

        private CleanRow<Question> read(RawRow row) throws UnusableRowException {
            JsonNode json = RowJson.object(row.text(0));
            cleaner.begin(row);
            TextCleaner.Cleaned question =
                    cleaned(Text.strip(text(json, columns.question(), NO_QUESTION), null, true, false));
            String raw = text(json, columns.context(), NO_CONTEXT);
            TextCleaner.Cleaned context = cleaned(raw);
            List<GivenAnswers.Answer> answers =
                    supervised ? moved(answers(json, raw), raw, context.redacted()) : List.of();
            JsonNode id = json.path(Columns.ID);
            QuestionRow texts = new QuestionRow(
                    id.isValueNode() && !id.isNull() ? id.asText() : null,
                    question.text(),
                    context.text(),
                    answers.stream().map(GivenAnswers.Answer::text).toList());
            int start = answers.isEmpty() ? -1 : answers.get(0).start();
            int end = answers.isEmpty() ? -1 : start + answers.get(0).text().length();
            String kind = answers.isEmpty() ? UNANSWERABLE : ANSWERABLE;
            return CleanRow.usable(
                    new Question(texts, start, end),
                    supervised && unanswerable ? kind : CleanRow.ALL,
                    Set.of(),
                    row.file(),
                    digest.of(content(question.utf8(), context.utf8(), answers)),
                    CleanRow.Changes.of(question).or(CleanRow.Changes.of(context)));
        }

        private TextCleaner.Cleaned cleaned(String text) throws UnusableRowException {
            TextCleaner.Cleaned cleaned = cleaner.clean(utf8(text));
            if (cleaned.binary()) {
                throw new UnusableRowException(UnusableRowException.BINARY);
            }
            if (cleaned.empty()) {
                throw new UnusableRowException(UnusableRowException.EMPTY);
            }
            return cleaned;
        }

        private List<GivenAnswers.Answer> answers(JsonNode json, String context) throws UnusableRowException {
            JsonNode value = json.path(columns.answers());
            if (value.isMissingNode() || value.isNull()) {
                throw new UnusableRowException(NO_ANSWER);
            }
            List<GivenAnswers.Answer> answers = GivenAnswers.read(value, context);
            if (answers.isEmpty() && !unanswerable) {
                throw new UnusableRowException(NO_ANSWER);
            }
            return answers;
        }

        /**
         * Moves the answers to their places in the cleaned context; text that is removed or replaced before an answer
         * moves it. An answer with a part of a replaced text gets all that replaced it.
         */
        private List<GivenAnswers.Answer> moved(List<GivenAnswers.Answer> answers, String before, Redacted context)
                throws UnusableRowException {
            if (context.text().equals(before)) {
                return answers;
            }
            List<GivenAnswers.Answer> moved = new ArrayList<>();
            for (GivenAnswers.Answer answer : answers) {
                String text = measure.clean(utf8(answer.text())).text();
                int at = measure.clean(utf8(before.substring(0, answer.start())))
                        .text()
                        .length();
                int start = context.start(at);
                int end = context.end(at + text.length());
                boolean whole = context.before().startsWith(text, at) && !context.isCut(at + text.length());
                if (text.isBlank() || !whole || start >= end) {
                    throw new UnusableRowException(GivenAnswers.NOT_IN_CONTEXT);
                }
                moved.add(new GivenAnswers.Answer(context.text().substring(start, end), start));
            }
            return moved;
        }
    }

    private static String text(JsonNode json, String column, String missing) throws UnusableRowException {
        JsonNode value = json.path(column);
        if (!value.isTextual()) {
            throw new UnusableRowException(missing);
        }
        return value.textValue();
    }

    private static byte[][] content(byte[] question, byte[] context, List<GivenAnswers.Answer> answers) {
        List<byte[]> texts = new ArrayList<>(List.of(question, context));
        answers.forEach(answer -> texts.add(utf8(answer.start() + " " + answer.text())));
        return texts.toArray(byte[][]::new);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
