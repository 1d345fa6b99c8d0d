package io.github.sparkfinetune.data.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Compares templates in the styles of published models, and single constructs, with the output of {@code transformers}.
 */
class ChatTemplateTest {
    private static JsonNode fixture() throws IOException {
        return new ObjectMapper()
                .readTree(Path.of("src/test/resources/chat/templates.json").toFile());
    }

    @TestFactory
    List<DynamicTest> rendersAsTransformers() throws IOException {
        JsonNode file = fixture();
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode template : file.get("templates")) {
            int number = 0;
            for (JsonNode golden : template.get("cases")) {
                tests.add(DynamicTest.dynamicTest(template.get("name").asText() + " " + number++, () -> {
                    ChatTemplate parsed = ChatTemplate.parse(
                            template.get("source").asText(), "t", ChatCases.tokens(file.get("tokens")));
                    JsonNode conversation = file.get("conversations")
                            .get(golden.get("conversation").asText());
                    ChatCases.check(
                            parsed,
                            ChatCases.messages(conversation.get("messages")),
                            ChatCases.map(conversation.get("variables")),
                            golden,
                            golden.path("error").asText());
                }));
            }
        }
        assertThat(tests).isNotEmpty();
        return tests;
    }

    @TestFactory
    List<DynamicTest> failsWhereJinjaFails() throws IOException {
        JsonNode file = fixture();
        List<DynamicTest> tests = new ArrayList<>();
        JsonNode conversation = file.get("conversations").get("snippet");
        for (JsonNode failing : file.get("failing")) {
            tests.add(DynamicTest.dynamicTest(
                    failing.get("source").asText(),
                    () -> assertThatThrownBy(() -> ChatTemplate.parse(
                                            failing.get("source").asText(), "t", Map.of())
                                    .render(
                                            ChatCases.messages(conversation.get("messages")),
                                            false,
                                            ChatCases.map(conversation.get("variables"))))
                            .isInstanceOf(RunException.class)
                            .hasMessageStartingWith("chat template t line "
                                    + failing.get("line").asInt() + ": ")
                            .hasMessageContaining(failing.get("message").asText())));
        }
        assertThat(tests).isNotEmpty();
        return tests;
    }
}
