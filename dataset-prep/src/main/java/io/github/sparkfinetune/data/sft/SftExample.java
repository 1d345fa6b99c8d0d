package io.github.sparkfinetune.data.sft;

import java.util.List;
import java.util.Map;

/** Content of one row, as it is trained. */
public sealed interface SftExample {

    /**
     * Chat messages, which a template renders.
     *
     * @param messages maps with {@code role}, {@code content} and further fields of the template
     * @param promptMessages number of messages that are the prompt of a prompt and completion; -1 for a conversation
     * @param extra further variables of the template: {@code tools}
     */
    record Conversation(List<Map<String, Object>> messages, int promptMessages, Map<String, Object> extra)
            implements SftExample {
        static final String ASSISTANT = "assistant";

        public Conversation {
            messages = List.copyOf(messages);
        }

        boolean isAssistant(int message) {
            return ASSISTANT.equals(messages.get(message).get("role"));
        }
    }

    /**
     * Two texts, used unchanged.
     *
     * @param completion null if only the prompt is known
     */
    record PromptCompletion(String prompt, String completion) implements SftExample {}
}
