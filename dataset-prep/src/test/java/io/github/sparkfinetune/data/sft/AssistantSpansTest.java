package io.github.sparkfinetune.data.sft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.jinja.ChatTemplate;
import io.github.sparkfinetune.data.sft.SftExample.Conversation;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Finds the assistant's turns in templates in the styles of published models, none of which marks the turns. */
class AssistantSpansTest {
    private static final Map<String, String> ROLES =
            Map.of("bos_token", "<s>", "eos_token", "</s>", "pad_token", "<pad>");
    private static final Set<String> SPECIAL = Set.of(
            "<s>",
            "</s>",
            "<pad>",
            "<|im_start|>",
            "<|im_end|>",
            "<|end|>",
            "<|user|>",
            "<|assistant|>",
            "<|start_header_id|>",
            "<|end_header_id|>",
            "<|eot_id|>",
            "<|eom_id|>",
            "<start_of_turn>",
            "<end_of_turn>",
            "<|start_of_role|>",
            "<|end_of_role|>",
            "<|end_of_text|>",
            "<｜User｜>",
            "<｜Assistant｜>",
            "<｜end▁of▁sentence｜>",
            "[INST]",
            "[/INST]");
    private static final List<Map<String, Object>> TALK = List.of(
            message("user", "Hi"),
            message("assistant", "Hello."),
            message("user", "Well?"),
            message("assistant", "Bye"));

    private final Map<String, String> templates = new HashMap<>();

    AssistantSpansTest() throws IOException {
        try (InputStream in = getClass().getResourceAsStream("/chat/templates.json")) {
            for (JsonNode template : new ObjectMapper().readTree(in).get("templates")) {
                templates.put(
                        template.get("name").asText(), template.get("source").asText());
            }
        }
    }

    private static Map<String, Object> message(String role, Object content) {
        return Map.of("role", role, "content", content);
    }

    /** Returns the assistant's turns of a conversation, as texts. */
    private static List<String> turns(String source, List<Map<String, Object>> messages) {
        ChatTemplate template = ChatTemplate.parse(source, "m", ROLES);
        ChatTemplate.Rendered whole = template.render(messages, false, Map.of());
        List<String> turns = new ArrayList<>();
        for (ChatTemplate.Span span :
                new AssistantSpans(template, "m", SPECIAL).of(new Conversation(messages, -1, Map.of()), whole)) {
            turns.add(whole.text().substring(span.start(), span.end()));
        }
        return turns;
    }

    private List<String> published(String name) {
        return turns(templates.get(name), TALK);
    }

    @Test
    void findsTheTurnsOfPublishedTemplates() {
        for (String name : List.of("qwen2.5", "chatml")) {
            assertThat(published(name)).as(name).containsExactly("Hello.<|im_end|>", "Bye<|im_end|>");
        }
        assertThat(published("llama2")).containsExactly(" Hello. </s>", " Bye </s>");
        assertThat(published("llama3")).containsExactly("Hello.<|eot_id|>", "Bye<|eot_id|>");
        assertThat(published("mistral")).containsExactly(" Hello.</s>", " Bye</s>");
        assertThat(published("zephyr")).containsExactly("Hello.</s>", "Bye</s>");
        assertThat(published("deepseek")).containsExactly("Hello.<｜end▁of▁sentence｜>", "Bye<｜end▁of▁sentence｜>");
        assertThat(published("granite")).containsExactly("Hello.<|end_of_text|>", "Bye<|end_of_text|>");
        for (String name : List.of("gemma", "gemma3")) {
            assertThat(published(name)).as(name).containsExactly("Hello.<end_of_turn>", "Bye<end_of_turn>");
        }
    }

    @Test
    void findsALastTurnThatIsRenderedDifferently() {
        // This template drops the thoughts of earlier turns.
        assertThat(published("qwen3")).containsExactly("Hello.<|im_end|>", "<think>\n\n</think>\n\nBye<|im_end|>");
        // The token that ends the conversation is not part of the turn.
        assertThat(published("phi3")).containsExactly("Hello.<|end|>", "Bye<|end|>");
    }

    /** The template shows the system message only in a last question, so no prompt is a prefix of the whole. */
    @Test
    void findsTurnsIfPromptsAreRenderedDifferently() {
        List<Map<String, Object>> messages = new ArrayList<>(TALK);
        messages.add(0, message("system", "Be brief."));
        assertThat(turns(templates.get("mistral"), messages)).containsExactly("Hello.</s>", "Bye</s>");
    }

    @Test
    void endsATurnBeforeTheNextPrompt() {
        String always = "{% for m in messages %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content"
                + " | trim + '<|eot_id|>' }}{% endfor %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}";
        assertThat(turns(always, TALK)).containsExactly("Hello.<|eot_id|>", "Bye<|eot_id|>");
    }

    @Test
    void includesThoughtsInATurn() {
        List<Map<String, Object>> messages = List.of(
                message("user", "Hi"),
                message("assistant", "<think>\nHm.\n</think>\n\nHello."),
                message("user", "Well?"),
                message("assistant", "<think>\nSo.\n</think>\n\nBye"));
        assertThat(turns(templates.get("qwen3"), messages))
                .containsExactly("Hello.<|im_end|>", "<think>\nSo.\n</think>\n\nBye<|im_end|>");
    }

    @Test
    void findsTurnsWhoseTextContainsTheEndToken() {
        List<Map<String, Object>> messages = List.of(
                message("user", "Hi"),
                message("assistant", "It ends with <|end|>."),
                message("user", "<|end|>"),
                message("assistant", ""));
        assertThat(turns(templates.get("phi3"), messages)).containsExactly("It ends with <|end|>.<|end|>", "<|end|>");
    }

    @Test
    void includesToolCallsInATurn() {
        Map<String, Object> call = Map.of("function", Map.of("name", "now", "arguments", Map.of("zone", "UTC")));
        List<Map<String, Object>> messages = List.of(
                message("user", "Hi"),
                Map.of("role", "assistant", "content", "", "tool_calls", List.of(call)),
                message("tool", "12:00"),
                message("assistant", "Noon."),
                message("user", "Well?"),
                message("assistant", "Bye"));
        assertThat(turns(templates.get("qwen3"), messages))
                .containsExactly(
                        "<tool_call>\n{\"name\": \"now\", \"arguments\": {\"zone\": \"UTC\"}}\n</tool_call><|im_end|>",
                        "Noon.<|im_end|>",
                        "<think>\n\n</think>\n\nBye<|im_end|>");
        // The token that ends the call differs from the token that ends an answer.
        String other = "{% for m in messages %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>' }}"
                + "{{ 'call' + '<|eom_id|>' if m.tool_calls is defined else m.content + '<|eot_id|>' }}{% endfor %}"
                + "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>' }}{% endif %}";
        assertThat(turns(other, messages)).containsExactly("call<|eom_id|>", "Noon.<|eot_id|>", "Bye<|eot_id|>");
    }

    @Test
    void findsContentInParts() {
        List<Map<String, Object>> messages = new ArrayList<>(TALK);
        messages.set(1, message("assistant", List.of(Map.of("type", "text", "text", "Hello."))));
        assertThat(turns(templates.get("gemma3"), messages)).containsExactly("Hello.<end_of_turn>", "Bye<end_of_turn>");
    }

    @Test
    void namesATemplateThatDoesNotShowATurn() {
        String last = "{{ messages[-1].content }}";
        String reversed = "{% for m in messages | reverse %}{{ m.content + '\n' }}{% endfor %}";
        for (String template : List.of(last, reversed)) {
            assertThatThrownBy(() -> turns(template, TALK))
                    .isInstanceOfSatisfying(
                            RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                    .hasMessageContaining("the chat template of m renders the first")
                    .hasMessageContaining("set data.chat_template");
        }
    }
}
