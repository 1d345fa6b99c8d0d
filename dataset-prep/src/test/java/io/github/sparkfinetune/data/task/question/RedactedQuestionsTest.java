package io.github.sparkfinetune.data.task.question;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.Rows;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Questions whose personal data is replaced by {@code data.redact}. */
class RedactedQuestionsTest {
    private final TokenizerFiles files = GoldenFolder.tokenizer("wordpiece");

    RedactedQuestionsTest() throws IOException {}

    @Test
    void answersMoveWithTheContext() {
        String context = "\uD83D\uDE00 Mail bob@example.com or 650-253-0000 to reach Ann Lee.";
        assertAnswer(context, "Ann Lee", "Ann Lee");
        assertAnswer(context, "bob@example.com", "<EMAIL_ADDRESS>");
        assertAnswer(context, "650-253", "<PHONE_NUMBER>");
        assertAnswer(context, "650-253-0000 to reach", "<PHONE_NUMBER> to reach");
    }

    private void assertAnswer(String context, String answer, String moved) {
        QuestionAnsweringData task = QuestionAnsweringData.of(
                Rows.config("question-answering", "redact: {entities: [EMAIL_ADDRESS, PHONE_NUMBER]}"));
        int start = context.codePointCount(0, context.indexOf(answer));
        CleanRow<Question> row = Rows.clean(
                        task.reading(Rows.jsonLines("question", "context", "answers"), files, true),
                        Rows.row(String.format(
                                "{\"question\": \"Who?\", \"context\": \"%s\", \"answers\": {\"text\": [\"%s\"],"
                                        + " \"answer_start\": [%d]}}",
                                context, answer, start)))
                .get(0);
        assertThat(row.badBecause()).isNull();
        assertThat(row.content().row().answers()).containsExactly(moved);
        assertThat(row.content().row().context())
                .isEqualTo("\uD83D\uDE00 Mail <EMAIL_ADDRESS> or <PHONE_NUMBER> to reach Ann Lee.");
        assertThat(row.content()
                        .row()
                        .context()
                        .substring(row.content().start(), row.content().end()))
                .isEqualTo(moved);
    }
}
