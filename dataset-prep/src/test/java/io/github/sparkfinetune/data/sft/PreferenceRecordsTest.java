package io.github.sparkfinetune.data.sft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.sft.SftExample.Conversation;
import io.github.sparkfinetune.data.sft.SftExample.PromptCompletion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreferenceRecordsTest {
    private static final PreferenceRecords RECORDS = new PreferenceRecords(text -> text.replace("x", ""));

    private static String json(String json) {
        return json.replace('\'', '"');
    }

    @Test
    void readsTexts() throws UnusableRowException {
        assertThat(RECORDS.read(json("{'prompt': 'pxa', 'chosen': 'b', 'rejected': 'xc', 'other': 1}")))
                .isEqualTo(new PreferencePair(new PromptCompletion("pa", "b"), new PromptCompletion("pa", "c")));
    }

    @Test
    void readsMessagesAndMessagesInTexts() throws UnusableRowException {
        String user = "[{'role': 'user', 'content': 'q'}]";
        String good = "[{'role': 'assistant', 'content': 'good'}]";
        String bad = "[{'role': 'assistant', 'content': 'bad'}]";
        PreferencePair pair =
                RECORDS.read(json("{'prompt': " + user + ", 'chosen': " + good + ", 'rejected': " + bad + "}"));
        assertThat(pair.chosen()).isInstanceOfSatisfying(Conversation.class, chosen -> {
            assertThat(chosen.promptMessages()).isEqualTo(1);
            assertThat(chosen.messages().get(1)).containsEntry("content", "good");
        });
        assertThat(pair.rejected())
                .isInstanceOfSatisfying(
                        Conversation.class,
                        rejected -> assertThat(rejected.messages().get(1)).containsEntry("content", "bad"));
        String both = user.substring(0, user.length() - 1) + ", ";
        assertThat(RECORDS.read(json(
                        "{'chosen': " + both + good.substring(1) + ", 'rejected': " + both + bad.substring(1) + "}")))
                .isEqualTo(pair);
    }

    @ParameterizedTest
    @CsvSource({
        "The cat sat, The cow sat, 'The c', at sat, ow sat",
        "Go to bed, Go at once, Go, ' to bed', ' at once'",
        // Both texts begin with the first half of the same surrogate pair.
        "a\uD83D\uDE00, a\uD83D\uDE01, a, \uD83D\uDE00, \uD83D\uDE01"
    })
    void findsThePromptAsTheCommonBeginning(String chosen, String rejected, String prompt, String better, String other)
            throws UnusableRowException {
        assertThat(RECORDS.read(json("{'chosen': '" + chosen + "', 'rejected': '" + rejected + "'}")))
                .isEqualTo(
                        new PreferencePair(new PromptCompletion(prompt, better), new PromptCompletion(prompt, other)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'prompt': 'a', 'chosen': 'b', 'rejected': 'b'} | equal_answers",
                "{'prompt': 'a', 'chosen': 'b', 'rejected': 'xb'} | equal_answers",
                "{'chosen': 'b', 'rejected': 'b'} | equal_answers",
                "{'chosen': [{'role': 'user', 'content': 'q'}], 'rejected': [{'role': 'user', 'content': 'q'}]}"
                        + " | equal_answers",
                "{'prompt': 'a', 'chosen': 'b', 'rejected': ' '} | empty_text",
                "{'chosen': 'b', 'rejected': 'bc'} | empty_text",
                "{'prompt': 'a', 'chosen': 'b'} | no_rejected",
                "{'prompt': 'a', 'rejected': 'b'} | no_chosen",
                "{'rejected': 'b'} | no_prompt",
                "{'prompt': 'a', 'chosen': [{'role': 'user'}], 'rejected': 'b'} | bad_messages",
                "{'chosen': [{'role': 'user', 'content': 'q'}], 'rejected': 'b'} | bad_messages",
                "{'chosen': 1, 'rejected': 2} | bad_messages",
                "{'prompt': [{'role': 'user', 'content': 'q'}], 'chosen': [{'role': 'user', 'content': 'b'}],"
                        + " 'rejected': [{'role': 'assistant', 'content': 'c'}]} | no_assistant_turn",
                "[1] | malformed_record",
                "null | malformed_record"
            })
    void reportsWhyARowIsUnusable(String row, String reason) {
        assertThatThrownBy(() -> RECORDS.read(json(row)))
                .isInstanceOfSatisfying(
                        UnusableRowException.class, e -> assertThat(e.reason()).isEqualTo(reason));
    }

    @Test
    void readsAPromptWithoutAnswers() throws UnusableRowException {
        assertThat(RECORDS.readPrompt(json("{'prompt': 'a'}")).chosen()).isEqualTo(new PromptCompletion("a", null));
        assertThat(RECORDS.readPrompt(json("{'chosen': 'the one', 'rejected': 'the two'}"))
                        .chosen())
                .isEqualTo(new PromptCompletion("the", " one"));
        assertThatThrownBy(() -> RECORDS.readPrompt(json("{'chosen': 'a'}")))
                .isInstanceOfSatisfying(
                        UnusableRowException.class, e -> assertThat(e.reason()).isEqualTo("no_prompt"));
    }
}
