package io.github.sparkfinetune.data.sft;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.sft.SftExample.Conversation;
import io.github.sparkfinetune.data.sft.SftExample.PromptCompletion;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Reads rows, as JSON objects, as examples. A list of messages may be a JSON array or, as in CSV, a text that holds a
 * JSON array. Alpaca's instruction and input become one user message, with a line end between them.
 */
public final class SftRecords {
    /** Name of the thing that examples of one group share, see {@link #prompt}. */
    public static final String PROMPT_GROUP = "prompt";

    /** Reason, followed by the column: a column has no value. */
    public static final String NO_COLUMN = "no_";
    /** Reason: a value is neither a text nor a list of objects with role and content. */
    public static final String BAD_MESSAGES = "bad_messages";
    /** Reason: a ShareGPT message has an unknown sender. */
    public static final String UNKNOWN_ROLE = "unknown_role";
    /** Reason: no message is the assistant's. */
    public static final String NO_ASSISTANT_TURN = "no_assistant_turn";

    private static final ObjectMapper JSON = JsonMapper.builder()
            // A control byte inside a text is removed from the text; the row stays.
            .enable(JsonReadFeature.ALLOW_UNESCAPED_CONTROL_CHARS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .build();
    private static final TypeReference<LinkedHashMap<String, Object>> OBJECT = new TypeReference<>() {};

    private final SftColumns columns;
    private final boolean answers;
    private final UnaryOperator<String> cleaner;
    private final ChatMessages chat;

    /**
     * @param answers true if a row must have an answer
     * @param cleaner cleans every text
     */
    public SftRecords(SftColumns columns, boolean answers, UnaryOperator<String> cleaner) {
        this.columns = columns;
        this.answers = answers;
        this.cleaner = cleaner;
        this.chat = new ChatMessages(cleaner);
    }

    /**
     * Reads one row.
     *
     * @param json an object of columns
     */
    public SftExample read(String json) throws UnusableRowException {
        return read(row(json));
    }

    /** Parses the columns of a row that is a JSON object. */
    static Map<String, Object> row(String json) throws UnusableRowException {
        Map<String, Object> row;
        try {
            row = JSON.readValue(json, OBJECT);
        } catch (JsonProcessingException e) {
            throw new UnusableRowException(UnusableRowException.MALFORMED);
        }
        if (row == null) {
            throw new UnusableRowException(UnusableRowException.MALFORMED);
        }
        return row;
    }

    SftExample read(Map<String, Object> row) throws UnusableRowException {
        return switch (columns) {
            case MESSAGES -> conversation(row, "messages");
            case CONVERSATIONS -> conversation(row, "conversations");
            case INSTRUCTION -> instruction(row);
            case PROMPT -> prompt(row);
        };
    }

    /**
     * Returns the content as bytes, equal for equal examples.
     *
     * @param example an example of this class or of {@link PreferenceRecords}
     */
    public static byte[] content(Object example) {
        try {
            return JSON.writeValueAsBytes(example);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("what was read as JSON can be written as it", e);
        }
    }

    /**
     * Returns the prompt as bytes, equal for equal prompts. The prompt of a conversation is the messages before the
     * assistant's first turn, so conversations that begin alike share a prompt. Returns no bytes if only a system
     * message precedes an answer.
     */
    public static byte[] prompt(SftExample example) {
        if (example instanceof PromptCompletion texts) {
            return texts.prompt().isBlank() ? new byte[0] : content(texts.prompt());
        }
        Conversation conversation = (Conversation) example;
        int end = conversation.promptMessages();
        if (end < 0) {
            end = 0;
            while (end < conversation.messages().size() && !conversation.isAssistant(end)) {
                end++;
            }
        }
        List<Map<String, Object>> asked = conversation.messages().subList(0, end);
        return asked.stream().allMatch(message -> "system".equals(message.get("role"))) ? new byte[0] : content(asked);
    }

    private Conversation conversation(Map<String, Object> row, String column) throws UnusableRowException {
        return checked(new Conversation(chat.read(present(row, column)), -1, extra(row)), 0);
    }

    private Conversation instruction(Map<String, Object> row) throws UnusableRowException {
        String instruction = text(present(row, "instruction"));
        String input = row.get("input") == null ? "" : text(row.get("input"));
        List<Map<String, Object>> messages = new ArrayList<>();
        messages.add(ChatMessages.message("user", input.isBlank() ? instruction : instruction + "\n" + input));
        if (answers || row.get("output") != null) {
            messages.add(ChatMessages.message(Conversation.ASSISTANT, answer(text(present(row, "output")))));
        }
        return checked(new Conversation(messages, -1, Map.of()), 0);
    }

    private SftExample prompt(Map<String, Object> row) throws UnusableRowException {
        Object prompt = listOrText(present(row, "prompt"));
        boolean answered = answers || row.get("completion") != null;
        Object completion = answered ? listOrText(present(row, "completion")) : null;
        if (prompt instanceof List<?> && (completion == null || completion instanceof List<?>)) {
            List<Map<String, Object>> messages = new ArrayList<>(chat.read(prompt));
            int promptMessages = messages.size();
            if (completion != null) {
                messages.addAll(chat.read(completion));
            }
            return checked(new Conversation(messages, promptMessages, extra(row)), promptMessages);
        }
        if (prompt instanceof List<?> || completion instanceof List<?>) {
            throw new UnusableRowException(BAD_MESSAGES);
        }
        return new PromptCompletion(text(prompt), completion == null ? null : answer(text(completion)));
    }

    private Conversation checked(Conversation conversation, int firstAnswer) throws UnusableRowException {
        if (conversation.messages().isEmpty()) {
            throw new UnusableRowException(UnusableRowException.EMPTY);
        }
        for (int i = firstAnswer; i < conversation.messages().size(); i++) {
            if (conversation.isAssistant(i)) {
                return conversation;
            }
        }
        if (answers) {
            throw new UnusableRowException(NO_ASSISTANT_TURN);
        }
        return conversation;
    }

    static Object present(Map<String, Object> row, String column) throws UnusableRowException {
        Object value = row.get(column);
        if (value == null) {
            throw new UnusableRowException(NO_COLUMN + column);
        }
        return value;
    }

    private static String answer(String text) throws UnusableRowException {
        if (text.isBlank()) {
            throw new UnusableRowException(UnusableRowException.EMPTY);
        }
        return text;
    }

    private String text(Object value) throws UnusableRowException {
        if (value instanceof List<?> || value instanceof Map<?, ?>) {
            throw new UnusableRowException(BAD_MESSAGES);
        }
        return cleaner.apply(value.toString());
    }

    /** Returns the array if a text holds a JSON array of objects, else the value itself. */
    static Object listOrText(Object value) {
        if (value instanceof String text && text.stripLeading().startsWith("[")) {
            Object parsed = parse(text);
            if (parsed instanceof List<?> list && list.stream().allMatch(Map.class::isInstance)) {
                return list;
            }
        }
        return value;
    }

    private static Object parse(String text) {
        try {
            return JSON.readValue(text, Object.class);
        } catch (JsonProcessingException e) {
            return null;
        }
    }

    private Map<String, Object> extra(Map<String, Object> row) {
        Object tools = row.get("tools");
        Object list = tools instanceof String text ? parse(text) : tools;
        return list instanceof List<?> ? Map.of("tools", chat.cleaned(list)) : Map.of();
    }
}
