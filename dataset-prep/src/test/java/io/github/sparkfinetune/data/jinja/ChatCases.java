package io.github.sparkfinetune.data.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs cases that {@code transformers} has rendered. */
final class ChatCases {
    private static final ObjectMapper JSON = new ObjectMapper();

    private ChatCases() {}

    static Map<String, Object> map(JsonNode node) {
        return JSON.convertValue(node, new TypeReference<>() {});
    }

    static List<Map<String, Object>> messages(JsonNode node) {
        return JSON.convertValue(node, new TypeReference<>() {});
    }

    static Map<String, String> tokens(JsonNode node) {
        return JSON.convertValue(node, new TypeReference<>() {});
    }

    /**
     * Renders a case and compares text and spans.
     *
     * @param golden {@code add_generation_prompt}, and {@code error} or {@code rendered} and {@code assistant_spans}
     * @param error part of the message of a failure
     */
    static void check(
            ChatTemplate template,
            List<Map<String, Object>> messages,
            Map<String, Object> extra,
            JsonNode golden,
            String error) {
        boolean prompt = golden.get("add_generation_prompt").asBoolean();
        if (golden.has("error")) {
            assertThatThrownBy(() -> template.render(messages, prompt, extra))
                    .isInstanceOfSatisfying(
                            RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                    .hasMessageContaining(error)
                    .hasMessageMatching("chat template \\S+ line \\d+: .*");
            return;
        }
        ChatTemplate.Rendered rendered = template.render(messages, prompt, extra);
        assertThat(rendered.text()).isEqualTo(golden.get("rendered").asText());
        if (golden.has("assistant_spans")) {
            List<List<Integer>> spans = new ArrayList<>();
            for (ChatTemplate.Span span : rendered.assistantSpans()) {
                spans.add(List.of(
                        rendered.text().codePointCount(0, span.start()),
                        rendered.text().codePointCount(0, span.end())));
            }
            List<List<Integer>> expected = JSON.convertValue(golden.get("assistant_spans"), new TypeReference<>() {});
            assertThat(spans).isEqualTo(expected);
        }
        assertThat(template.hasGenerationBlocks() || rendered.assistantSpans().isEmpty())
                .isTrue();
    }
}
