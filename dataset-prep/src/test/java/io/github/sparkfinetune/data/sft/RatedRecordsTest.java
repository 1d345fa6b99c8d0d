package io.github.sparkfinetune.data.sft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.sft.SftExample.Conversation;
import io.github.sparkfinetune.data.sft.SftExample.PromptCompletion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RatedRecordsTest {
    private static final RatedRecords RECORDS = new RatedRecords("label", text -> text.replace("x", ""));

    private static String json(String json) {
        return json.replace('\'', '"');
    }

    @ParameterizedTest
    @CsvSource({"true, true", "false, false", "1, true", "0, false", "' True', true", "FALSE, false"})
    void readsTexts(String label, boolean desirable) throws UnusableRowException {
        boolean bare = label.matches("true|false|[01]");
        String row = "{'prompt': 'pxa', 'completion': 'bx', 'label': " + (bare ? label : "'" + label + "'") + "}";
        assertThat(RECORDS.read(json(row))).isEqualTo(new RatedAnswer(new PromptCompletion("pa", "b"), desirable));
    }

    @Test
    void readsMessages() throws UnusableRowException {
        RatedAnswer rated = RECORDS.read(json("{'prompt': [{'role': 'user', 'content': 'q'}],"
                + " 'completion': [{'role': 'assistant', 'content': 'xgood'}], 'label': true}"));
        assertThat(rated.example()).isInstanceOfSatisfying(Conversation.class, conversation -> {
            assertThat(conversation.promptMessages()).isEqualTo(1);
            assertThat(conversation.messages().get(1)).containsEntry("content", "good");
        });
    }

    @Test
    void theLabelsColumnMayHaveAnotherName() throws UnusableRowException {
        RatedRecords records = new RatedRecords("liked", text -> text);
        assertThat(records.read(json("{'prompt': 'a', 'completion': 'b', 'liked': 0, 'label': 'c'}"))
                        .desirable())
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'prompt': 'a', 'completion': 'b'} | no_label",
                "{'prompt': 'a', 'completion': 'b', 'label': null} | no_label",
                "{'prompt': 'a', 'completion': 'b', 'label': 'good'} | bad_label",
                "{'prompt': 'a', 'completion': 'b', 'label': 2} | bad_label",
                "{'prompt': 'a', 'label': true} | no_completion",
                "{'prompt': 'a', 'completion': ' ', 'label': true} | empty_text",
                "{'completion': 'b', 'label': true} | no_prompt",
                "{'prompt': 'a', 'completion': [{'role': 'user', 'content': 'b'}], 'label': true} | bad_messages",
                "[1] | malformed_record"
            })
    void reportsWhyARowIsUnusable(String row, String reason) {
        assertThatThrownBy(() -> RECORDS.read(json(row)))
                .isInstanceOfSatisfying(
                        UnusableRowException.class, e -> assertThat(e.reason()).isEqualTo(reason));
    }

    @Test
    void readsAPromptWithoutAnAnswer() throws UnusableRowException {
        assertThat(RECORDS.readPrompt(json("{'prompt': 'a'}")).example()).isEqualTo(new PromptCompletion("a", null));
    }
}
