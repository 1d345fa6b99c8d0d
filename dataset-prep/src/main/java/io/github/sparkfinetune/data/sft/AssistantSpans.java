package io.github.sparkfinetune.data.sft;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.jinja.ChatTemplate;
import io.github.sparkfinetune.data.sft.SftExample.Conversation;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Where the assistant's turns lie in a rendered conversation. A template with {@code {% generation %}} blocks says so
 * itself. For another one, a turn begins where the messages before it end that are rendered with
 * {@code add_generation_prompt}, and ends, white space aside, with its end token where the messages up to it end; both
 * must be prefixes of the whole.
 */
final class AssistantSpans {
    private final ChatTemplate template;
    private final String name;
    private final Set<String> specialTokens;

    /**
     * @param name what messages call the template
     * @param specialTokens texts of the special tokens
     */
    AssistantSpans(ChatTemplate template, String name, Set<String> specialTokens) {
        this.template = template;
        this.name = name;
        this.specialTokens = specialTokens;
    }

    /**
     * Whether a conversation's turns can be told: without generation blocks, nothing comes before a first turn of the
     * assistant's to find it by.
     */
    boolean canTell(Conversation conversation) {
        return template.hasGenerationBlocks() || !conversation.isAssistant(0);
    }

    /**
     * The spans, in order.
     *
     * @param whole the conversation, rendered
     * @throws RunException if a prefix of the messages is not rendered as a prefix of the whole
     */
    List<ChatTemplate.Span> of(Conversation conversation, ChatTemplate.Rendered whole) {
        if (template.hasGenerationBlocks()) {
            return whole.assistantSpans();
        }
        List<ChatTemplate.Span> spans = new ArrayList<>();
        int messages = conversation.messages().size();
        for (int i = 0; i < messages; i++) {
            if (!conversation.isAssistant(i)) {
                continue;
            }
            int start = prefix(conversation, i, true, whole.text());
            int end = i + 1 == messages ? whole.text().length() : prefix(conversation, i + 1, false, whole.text());
            if (end < start) {
                throw notAPrefix(i);
            }
            spans.add(new ChatTemplate.Span(start, start + turn(whole.text().substring(start, end))));
        }
        return spans;
    }

    private int prefix(Conversation conversation, int messages, boolean generationPrompt, String whole) {
        String text = template.render(
                        conversation.messages().subList(0, messages), generationPrompt, conversation.extra())
                .text();
        if (!whole.startsWith(text)) {
            throw notAPrefix(messages);
        }
        return text.length();
    }

    private RunException notAPrefix(int messages) {
        return RunException.data("the chat template of " + name + " renders the first " + messages
                + " message(s) of a conversation otherwise than within the whole, so the assistant's turns cannot be"
                + " told from the rest: set data.chat_template to a template with {% generation %} blocks, or"
                + " data.assistant_only_loss to false");
    }

    /** Length of a turn to its end token; the whole where it ends with none. */
    private int turn(String text) {
        String stripped = text.stripTrailing();
        return specialTokens.stream().anyMatch(stripped::endsWith) ? stripped.length() : text.length();
    }
}
