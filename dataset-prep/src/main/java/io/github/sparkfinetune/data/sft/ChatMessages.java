package io.github.sparkfinetune.data.sft;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.sft.SftExample.Conversation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Reads lists of messages with {@code role} and {@code content}, or ShareGPT's {@code from} and {@code value}.
 *
 * @param cleaner cleans every text
 */
record ChatMessages(UnaryOperator<String> cleaner) {
    /** Roles of ShareGPT's senders. */
    private static final Map<String, String> ROLES = Map.of(
            "human",
            "user",
            "user",
            "user",
            "gpt",
            Conversation.ASSISTANT,
            "chatgpt",
            Conversation.ASSISTANT,
            Conversation.ASSISTANT,
            Conversation.ASSISTANT,
            "system",
            "system",
            "tool",
            "tool",
            "observation",
            "tool",
            "function_response",
            "tool");

    /** Reads a JSON array of messages, or a text that holds one. */
    List<Map<String, Object>> read(Object value) throws UnusableRowException {
        if (!(SftRecords.listOrText(value) instanceof List<?> list)) {
            throw new UnusableRowException(SftRecords.BAD_MESSAGES);
        }
        List<Map<String, Object>> messages = new ArrayList<>();
        for (Object element : list) {
            if (!(element instanceof Map<?, ?> fields)) {
                throw new UnusableRowException(SftRecords.BAD_MESSAGES);
            }
            messages.add(message(fields));
        }
        return messages;
    }

    private Map<String, Object> message(Map<?, ?> fields) throws UnusableRowException {
        Map<String, Object> message = new LinkedHashMap<>();
        for (Map.Entry<?, ?> field : fields.entrySet()) {
            switch ((String) field.getKey()) {
                case "from" -> message.put("role", role(field.getValue()));
                case "value" -> message.put("content", cleaned(field.getValue()));
                default -> message.put((String) field.getKey(), cleaned(field.getValue()));
            }
        }
        // A message that calls a tool may have no content.
        boolean says = message.containsKey("content") || message.containsKey("tool_calls");
        if (!(message.get("role") instanceof String) || !says) {
            throw new UnusableRowException(SftRecords.BAD_MESSAGES);
        }
        return message;
    }

    /** Returns a message of a role. */
    static Map<String, Object> message(String role, String content) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", content);
        return message;
    }

    private static String role(Object from) throws UnusableRowException {
        String role = from == null ? null : ROLES.get(from.toString().toLowerCase(Locale.ROOT));
        if (role == null) {
            throw new UnusableRowException(SftRecords.UNKNOWN_ROLE);
        }
        return role;
    }

    /** Returns a JSON value with every text in it cleaned. */
    Object cleaned(Object value) {
        if (value instanceof String text) {
            return cleaner.apply(text);
        }
        if (value instanceof List<?> list) {
            return list.stream().map(this::cleaned).collect(ArrayList::new, ArrayList::add, ArrayList::addAll);
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> copy = new LinkedHashMap<>();
            map.forEach((key, field) -> copy.put((String) key, cleaned(field)));
            return copy;
        }
        return value;
    }
}
