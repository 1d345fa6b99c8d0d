package io.github.sparkfinetune.data.jinja.syntax;

import io.github.sparkfinetune.data.jinja.value.Limits;
import io.github.sparkfinetune.data.jinja.value.TemplateFault;
import java.util.List;
import java.util.Map;

/** A parsed template. */
public final class Template {
    private final List<Statement> body;
    private final boolean hasGenerationBlocks;

    Template(List<Statement> body, boolean hasGenerationBlocks) {
        this.body = body;
        this.hasGenerationBlocks = hasGenerationBlocks;
    }

    /** Receiver of the {@code generation} blocks that are rendered. */
    public interface Generated {
        /**
         * Takes the place of a block in the text.
         *
         * @param start index of its first UTF-16 unit
         * @param end index behind its last UTF-16 unit
         */
        void span(int start, int end);
    }

    /**
     * Parses a template.
     *
     * @throws TemplateFault if it is not Jinja2, or uses what is not supported
     */
    public static Template parse(String source) {
        return Parser.parse(source);
    }

    /** Returns whether the template marks the assistant's text. */
    public boolean hasGenerationBlocks() {
        return hasGenerationBlocks;
    }

    /**
     * Renders the template.
     *
     * @throws TemplateFault if rendering fails or exceeds a limit
     */
    public String render(Map<String, Object> variables, Generated generated) {
        StringBuilder text = new StringBuilder();
        new Scope(new Limits(), text, generated, variables).run(body);
        return text.toString();
    }
}
