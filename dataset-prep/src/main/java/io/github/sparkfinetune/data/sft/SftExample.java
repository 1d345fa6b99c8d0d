package io.github.sparkfinetune.data.sft;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Content of one row, as it is trained. */
public sealed interface SftExample {

    /** Returns all texts, as they are before a template renders them. */
    String text();

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

        @Override
        public String text() {
            return messages.stream()
                    .map(message -> String.valueOf(message.get("content")))
                    .collect(Collectors.joining("\n"));
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
    record PromptCompletion(String prompt, String completion) implements SftExample {
        @Override
        public String text() {
            return completion == null ? prompt : prompt + completion;
        }
    }
}
