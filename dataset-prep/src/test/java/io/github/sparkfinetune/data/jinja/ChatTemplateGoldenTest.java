package io.github.sparkfinetune.data.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.GoldenFolder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every template of the fixtures renders every conversation as the reference does. */
class ChatTemplateGoldenTest {
    private static final String RAISED = "TemplateError: ";

    @TestFactory
    List<DynamicTest> rendersAsTheReference() throws IOException {
        JsonNode file = GoldenFolder.json("text/chat.json");
        Map<String, ChatTemplate> templates = new HashMap<>();
        file.get("templates")
                .fields()
                .forEachRemaining(template -> templates.put(
                        template.getKey(),
                        ChatTemplate.parse(
                                template.getValue().asText(),
                                template.getKey(),
                                ChatCases.tokens(file.get("tokens")))));
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode golden : file.get("cases")) {
            String name =
                    golden.get("template").asText() + " " + golden.get("case").asText();
            tests.add(DynamicTest.dynamicTest(name, () -> {
                Map<String, Object> extra = ChatCases.map(golden.get("kwargs"));
                extra.put("tools", ChatCases.messages(golden.get("tools")));
                // Python's own messages differ; only the messages that a template raises are compared.
                String error = golden.path("error").asText();
                ChatCases.check(
                        templates.get(golden.get("template").asText()),
                        ChatCases.messages(golden.get("messages")),
                        extra,
                        golden,
                        error.startsWith(RAISED) ? error.substring(RAISED.length()) : "");
            }));
        }
        assertThat(tests).isNotEmpty();
        return tests;
    }
}
