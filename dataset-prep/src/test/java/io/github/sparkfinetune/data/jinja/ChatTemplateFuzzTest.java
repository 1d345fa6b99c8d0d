package io.github.sparkfinetune.data.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.provider.MethodSource;

/** An untrusted chat template gives a text, or an error of one line. */
class ChatTemplateFuzzTest {
    private static final List<Map<String, Object>> MESSAGES = List.of(
            Map.of("role", "system", "content", "Be brief."),
            Map.of("role", "user", "content", "  Hi <b>😀</b>\n"),
            Map.of(
                    "role",
                    "assistant",
                    "content",
                    "<think>a</think>Hello",
                    "tool_calls",
                    List.of(Map.of("function", Map.of("name", "f", "arguments", Map.of("x", 1, "y", 1.5))))));

    static List<byte[]> templates() throws IOException {
        List<byte[]> templates = new ArrayList<>();
        try (InputStream in = ChatTemplateFuzzTest.class.getResourceAsStream("/chat/templates.json")) {
            for (JsonNode template : new ObjectMapper().readTree(in).get("templates")) {
                templates.add(template.get("source").asText().getBytes(StandardCharsets.UTF_8));
            }
        }
        return templates;
    }

    @MethodSource("templates")
    @FuzzTest(maxDuration = "")
    void givesATextOrAOneLineError(byte[] source) {
        try {
            ChatTemplate template = ChatTemplate.parse(
                    new String(source, StandardCharsets.UTF_8), "t", Map.of("bos_token", "<s>", "eos_token", "</s>"));
            ChatTemplate.Rendered rendered =
                    template.render(MESSAGES, true, Map.of("tools", List.of(Map.of("name", "f"))));
            for (ChatTemplate.Span span : rendered.assistantSpans()) {
                assertThat(span.start()).isBetween(0, span.end());
                assertThat(span.end()).isLessThanOrEqualTo(rendered.text().length());
            }
        } catch (RunException e) {
            assertThat(e.getMessage()).startsWith("chat template t").doesNotContain("\n");
        }
    }
}
