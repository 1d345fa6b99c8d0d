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

    /** Is told of each {@code generation} block that is rendered. */
    public interface Generated {
        /**
         * A block's place in the text.
         *
         * @param start index of its first UTF-16 unit
         * @param end index behind its last one
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

    /** Whether it marks what the assistant says. */
    public boolean hasGenerationBlocks() {
        return hasGenerationBlocks;
    }

    /**
     * The text that it makes of values as templates see them.
     *
     * @throws TemplateFault if it fails or exceeds a limit
     */
    public String render(Map<String, Object> variables, Generated generated) {
        StringBuilder text = new StringBuilder();
        new Scope(new Limits(), text, generated, variables).run(body);
        return text.toString();
    }
}
