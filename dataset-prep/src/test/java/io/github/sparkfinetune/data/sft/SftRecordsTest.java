package io.github.sparkfinetune.data.sft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.sft.SftExample.Conversation;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SftRecordsTest {
    private static SftExample read(SftColumns columns, boolean answers, String json) throws UnusableRowException {
        return new SftRecords(columns, answers, UnaryOperator.identity()).read(json.replace('\'', '"'));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "MESSAGES | {'messages': [] | malformed_record",
                "MESSAGES | {'messages': []} x | malformed_record",
                "MESSAGES | null | malformed_record",
                "MESSAGES | [1] | malformed_record",
                "MESSAGES | {'messages': null} | no_messages",
                "MESSAGES | {'messages': []} | empty_text",
                "MESSAGES | {'messages': ['a', 'b']} | bad_messages",
                "MESSAGES | {'messages': [{'role': 'assistant'}]} | bad_messages",
                "MESSAGES | {'messages': [{'role': 7, 'content': 'a'}]} | bad_messages",
                "MESSAGES | {'messages': '[broken'} | bad_messages",
                "MESSAGES | {'messages': [{'role': 'user', 'content': 'a'}]} | no_assistant_turn",
                "CONVERSATIONS | {'conversations': [{'from': 'alien', 'value': 'a'}]} | unknown_role",
                "CONVERSATIONS | {'conversations': [{'from': null, 'value': 'a'}]} | unknown_role",
                "INSTRUCTION | {'instruction': 'a'} | no_output",
                "INSTRUCTION | {'instruction': 'a', 'output': ' '} | empty_text",
                "INSTRUCTION | {'instruction': ['a'], 'output': 'b'} | bad_messages",
                "PROMPT | {'completion': 'a'} | no_prompt",
                "PROMPT | {'prompt': 'a', 'completion': ''} | empty_text",
                "PROMPT | {'prompt': 'a', 'completion': [{'role': 'assistant', 'content': 'a'}]} | bad_messages",
                "PROMPT | {'prompt': [{'role': 'assistant', 'content': 'a'}], 'completion': []} | no_assistant_turn",
            })
    void refusesRowsWithNothingToTrain(SftColumns columns, String json, String reason) {
        assertThatThrownBy(() -> read(columns, true, json))
                .isInstanceOfSatisfying(
                        UnusableRowException.class, e -> assertThat(e.reason()).isEqualTo(reason));
    }

    @Test
    void passesFurtherFieldsOfAMessageToTheTemplate() throws UnusableRowException {
        Conversation conversation = (Conversation) read(
                SftColumns.MESSAGES,
                true,
                "{'messages': [{'role': 'user', 'content': [{'type': 'text', 'text': 'a'}], 'name': 'Ann'},"
                        + " {'role': 'assistant', 'tool_calls': [{'id': 1, 'ok': true}]}], 'tools': '[{}]', 'id': 3}");
        assertThat(conversation.messages().get(0))
                .isEqualTo(
                        Map.of("role", "user", "content", List.of(Map.of("type", "text", "text", "a")), "name", "Ann"));
        assertThat(conversation.messages().get(1))
                .containsEntry("tool_calls", List.of(Map.of("id", 1, "ok", true)))
                .doesNotContainKey("content");
        assertThat(conversation.extra()).isEqualTo(Map.of("tools", List.of(Map.of())));
    }

    @Test
    void cleansEveryText() throws UnusableRowException {
        SftRecords records = new SftRecords(SftColumns.CONVERSATIONS, true, text -> text.replace("\u0000", ""));
        Conversation conversation = (Conversation)
                records.read("{\"conversations\": [{\"from\": \"human\", \"value\": \"a\\u0000b\"}, {\"from\": \"GPT\","
                        + " \"value\": \"c\u0000d\"}]}");
        assertThat(conversation.messages())
                .containsExactly(Map.of("role", "user", "content", "ab"), Map.of("role", "assistant", "content", "cd"));
    }

    @Test
    void putsAlpacasInputBehindTheInstruction() throws UnusableRowException {
        Conversation conversation = (Conversation)
                read(SftColumns.INSTRUCTION, true, "{'instruction': 'Add', 'input': '1 2', 'output': 3}");
        assertThat(conversation.messages())
                .containsExactly(
                        Map.of("role", "user", "content", "Add\n1 2"), Map.of("role", "assistant", "content", "3"));
    }

    @Test
    void equalContentHasEqualBytesInAnyOrderOfFields() throws UnusableRowException {
        byte[] one = SftRecords.content(
                read(SftColumns.MESSAGES, true, "{'messages': [{'role': 'assistant', 'content': 'a'}]}"));
        byte[] other = SftRecords.content(
                read(SftColumns.MESSAGES, true, "{'x': 1, 'messages': [{'content': 'a', 'role': 'assistant'}]}"));
        assertThat(other).isEqualTo(one);
    }
}
