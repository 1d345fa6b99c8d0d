package io.github.sparkfinetune.data.jinja;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.jinja.syntax.Template;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import io.github.sparkfinetune.data.jinja.value.Values;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model's chat template: Jinja2 text that turns a conversation into the text the model was trained on, rendered as
 * {@code transformers.apply_chat_template} does.
 *
 * <p>The interpreter supports the part of Jinja2 that chat templates use. It fails on anything else, naming the line,
 * and never guesses.
 *
 * <p>A template is untrusted code. It sees copies of JSON-like values and nothing of Java, and cannot change any of
 * these values. It is stopped when it takes too many steps, makes too much text or nests too deeply. A template is
 * immutable; any number of threads may render it.
 */
public final class ChatTemplate {
    private static final int MAX_SOURCE = 1_000_000;
    private static final int MAX_MESSAGE = 500;

    private final String name;
    private final Template template;
    private final Map<String, Object> specialTokens;

    private ChatTemplate(String name, Template template, Map<String, Object> specialTokens) {
        this.name = name;
        this.template = template;
        this.specialTokens = specialTokens;
    }

    /**
     * A part of a text.
     *
     * @param start index of its first UTF-16 unit
     * @param end index behind its last UTF-16 unit
     */
    public record Span(int start, int end) {}

    /**
     * A rendered conversation.
     *
     * @param assistantSpans spans of the template's {@code generation} blocks, in order
     */
    public record Rendered(String text, List<Span> assistantSpans) {
        public Rendered {
            assistantSpans = List.copyOf(assistantSpans);
        }
    }

    /**
     * Parses a template.
     *
     * @param name name of the template in errors, e.g. its file
     * @param specialTokens variables {@code bos_token}, {@code eos_token}, {@code pad_token}, {@code unk_token}, ...
     * @throws RunException if it is not Jinja2, or uses what is not supported
     */
    public static ChatTemplate parse(String source, String name, Map<String, String> specialTokens) {
        if (source.length() > MAX_SOURCE) {
            throw RunException.data("chat template " + name + ": it has " + source.length() + " characters, more than "
                    + MAX_SOURCE + ": is it the right file?");
        }
        try {
            return new ChatTemplate(name, Template.parse(source), new LinkedHashMap<>(specialTokens));
        } catch (TemplateFault e) {
            throw error(name, e);
        }
    }

    /** Returns whether the template marks the assistant's text; otherwise {@link Rendered#assistantSpans} has none. */
    public boolean hasGenerationBlocks() {
        return template.hasGenerationBlocks();
    }

    /**
     * Renders a conversation.
     *
     * @param messages maps ({@code role}, {@code content}, ...) of JSON-like values
     * @param addGenerationPrompt true to end the text with the beginning of the assistant's next turn
     * @param extra further variables, e.g. {@code tools}, {@code documents}, {@code enable_thinking}, which override
     *     special tokens. {@code tools} and {@code documents} are None by default
     * @throws RunException if the template refuses the conversation, fails, or exceeds a limit
     */
    public Rendered render(List<Map<String, Object>> messages, boolean addGenerationPrompt, Map<String, Object> extra) {
        try {
            Map<String, Object> variables = new LinkedHashMap<>(specialTokens);
            variables.put("tools", null);
            variables.put("documents", null);
            extra.forEach((key, value) -> variables.put(key, Values.ofInput(value)));
            variables.put("messages", Values.ofInput(messages));
            variables.put("add_generation_prompt", addGenerationPrompt);
            List<Span> spans = new ArrayList<>();
            String text = template.render(variables, (start, end) -> spans.add(new Span(start, end)));
            return new Rendered(text, spans);
        } catch (TemplateFault e) {
            throw error(name, e);
        }
    }

    private static RunException error(String name, TemplateFault fault) {
        // A template of a stranger must not command the reader's terminal.
        String what = fault.getMessage().replaceAll("\\s*[\\r\\n]+\\s*", " ").replaceAll("[\\p{Cc}\\p{Cf}]", "?");
        if (what.length() > MAX_MESSAGE) {
            what = what.substring(0, MAX_MESSAGE) + "...";
        }
        return RunException.data(
                "chat template " + name + (fault.line() > 0 ? " line " + fault.line() : "") + ": " + what
                        + " (correct the conversation, or set data.chat_template to another template)",
                fault);
    }
}
