package io.github.sparkfinetune.data.sft;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.jinja.ChatTemplate;
import io.github.sparkfinetune.data.jinja.ChatTemplate.Span;
import io.github.sparkfinetune.data.sft.SftExample.Conversation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds the assistant's turns in a rendered conversation. A template with {@code {% generation %}} blocks marks them
 * itself. For any other template:
 *
 * <ul>
 *   <li>The content of a turn is the part of the text that changes when the content is replaced.
 *   <li>The turn begins where the messages before it end, rendered with {@code add_generation_prompt}. Some templates
 *       render the last turns differently from earlier ones, so these messages are no prefix of the whole. The turn
 *       then begins behind the last generation prompt before its content, or with its content.
 *   <li>The turn ends with the special token that follows the content of a plain answer. Without such a token it ends
 *       where the messages up to it end, or with its content.
 * </ul>
 */
final class AssistantSpans {
    /** Replacement of a content: a character that no text has. */
    private static final String OTHER = "\uE000";

    private static final List<Map<String, Object>> PLAIN = List.of(
            Map.of("role", "user", "content", "text"), Map.of("role", Conversation.ASSISTANT, "content", OTHER));

    private final ChatTemplate template;
    private final String name;
    private final Set<String> specialTokens;
    private String endToken;

    /**
     * Creates the finder for a template.
     *
     * @param name name of the template in messages
     * @param specialTokens texts of the special tokens
     */
    AssistantSpans(ChatTemplate template, String name, Set<String> specialTokens) {
        this.template = template;
        this.name = name;
        this.specialTokens = specialTokens;
    }

    /**
     * Returns whether the turns of a conversation can be found. Without generation blocks, a first turn of the
     * assistant's cannot be found if nothing precedes it.
     */
    boolean canFind(Conversation conversation) {
        return template.hasGenerationBlocks() || !conversation.isAssistant(0);
    }

    /**
     * Returns the assistant's spans, in order.
     *
     * @param whole the rendered conversation
     * @throws RunException if the whole shows the messages before a turn differently, and its content not behind them
     */
    List<Span> of(Conversation conversation, ChatTemplate.Rendered whole) {
        if (template.hasGenerationBlocks()) {
            return whole.assistantSpans();
        }
        List<Span> spans = new ArrayList<>();
        int before = 0;
        for (int i = 0; i < conversation.messages().size(); i++) {
            if (conversation.isAssistant(i)) {
                Span content = content(conversation, i, whole.text());
                int start = start(conversation, i, whole.text(), content, before);
                before = end(
                        conversation, i, whole.text(), start, content == null ? start : Math.max(start, content.end()));
                spans.add(new Span(start, before));
            }
        }
        return spans;
    }

    /**
     * Returns the span of a message's content; null if the message has no content, or the template does not show it.
     */
    private Span content(Conversation conversation, int message, String whole) {
        List<Map<String, Object>> messages = new ArrayList<>(conversation.messages());
        Map<String, Object> other = new HashMap<>(messages.get(message));
        Object content = other.get("content");
        if (content == null || content.equals("")) {
            return null;
        }
        other.put("content", content instanceof List ? List.of(Map.of("type", "text", "text", OTHER)) : OTHER);
        messages.set(message, other);
        String changed = template.render(messages, false, conversation.extra()).text();
        int most = Math.min(whole.length(), changed.length());
        int start = 0;
        while (start < most && whole.charAt(start) == changed.charAt(start)) {
            start++;
        }
        int same = 0;
        while (same < most - start
                && whole.charAt(whole.length() - 1 - same) == changed.charAt(changed.length() - 1 - same)) {
            same++;
        }
        return start == whole.length() && start == changed.length() ? null : new Span(start, whole.length() - same);
    }

    private int start(Conversation conversation, int message, String whole, Span content, int before) {
        List<Map<String, Object>> history = conversation.messages().subList(0, message);
        String asked = template.render(history, true, conversation.extra()).text();
        if (asked.length() >= before && whole.startsWith(asked)) {
            return asked.length();
        }
        if (content == null || content.start() < before) {
            throw RunException.data("the chat template of " + name + " renders the first " + message
                    + " message(s) of a conversation differently from the whole conversation, and does not show the next one"
                    + " after them, so the assistant's turns cannot be found: set data.chat_template to a"
                    + " template with {% generation %} blocks, or data.assistant_only_loss to false");
        }
        String asIs = template.render(history, false, conversation.extra()).text();
        String prompt = asked.startsWith(asIs) ? asked.substring(asIs.length()) : "";
        int at = prompt.isEmpty() ? -1 : whole.lastIndexOf(prompt, content.start() - prompt.length());
        return at < before ? content.start() : at + prompt.length();
    }

    private int end(Conversation conversation, int message, String whole, int start, int contentEnd) {
        int next = message + 1;
        int limit = whole.length();
        boolean isPrefix = true;
        if (next < conversation.messages().size()) {
            String prefix = template.render(conversation.messages().subList(0, next), false, conversation.extra())
                    .text();
            isPrefix = prefix.length() >= contentEnd && whole.startsWith(prefix);
            Span following = isPrefix ? null : content(conversation, next, whole);
            limit = isPrefix ? prefix.length() : following == null ? limit : Math.max(contentEnd, following.start());
        }
        int at = endToken().isEmpty() ? -1 : whole.indexOf(endToken(), contentEnd);
        if (at >= 0 && at + endToken().length() <= limit) {
            return at + endToken().length();
        }
        if (!isPrefix) {
            return contentEnd;
        }
        String stripped = whole.substring(start, limit).stripTrailing();
        return specialTokens.stream().anyMatch(stripped::endsWith) ? start + stripped.length() : limit;
    }

    /**
     * Returns the special token that follows the content of a plain answer, ignoring white space; empty if there is
     * none.
     */
    private String endToken() {
        if (endToken == null) {
            String text = template.render(PLAIN, false, Map.of()).text();
            int content = text.indexOf(OTHER);
            String rest =
                    content < 0 ? "" : text.substring(content + OTHER.length()).stripLeading();
            endToken = specialTokens.stream()
                    .filter(rest::startsWith)
                    .max(Comparator.comparingInt(String::length))
                    .orElse("");
        }
        return endToken;
    }
}
