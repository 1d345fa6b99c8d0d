package io.github.sparkfinetune.data.sft;

import java.util.List;
import java.util.Map;

/** What one row is trained as. */
public sealed interface SftExample {

    /**
     * Chat messages, which a template renders.
     *
     * @param messages maps with {@code role}, {@code content} and whatever else the template knows
     * @param promptMessages how many of them are the prompt of a prompt and completion; -1 where they are not told
     *     apart
     * @param extra what the template is given besides: {@code tools}
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
     * Two texts as they are.
     *
     * @param completion null where only the prompt is known
     */
    record PromptCompletion(String prompt, String completion) implements SftExample {}
}
