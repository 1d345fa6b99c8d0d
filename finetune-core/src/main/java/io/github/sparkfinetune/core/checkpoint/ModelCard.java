package io.github.sparkfinetune.core.checkpoint;

import io.github.sparkfinetune.core.metric.Metric;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The {@code README.md} of a model folder, with the front matter that the Hugging Face Hub reads.
 *
 * <p>A card shows only the last part of a path or URI, because a card is published, and names of hosts, buckets and
 * users are not public.
 *
 * @param baseModel Hub id or address of the model that was fine-tuned
 * @param usage how the model is used
 * @param architecture class of {@code transformers} that loads the model
 * @param data addresses of the data sources
 * @param rows counts of the data's rows by what became of them, in order; may be empty
 * @param settings the run's settings by configuration key
 * @param metrics metrics on held-out data by name; may be empty
 */
public record ModelCard(
        String baseModel,
        Usage usage,
        String architecture,
        List<String> data,
        Map<String, Long> rows,
        Map<String, ?> settings,
        Map<String, Double> metrics) {
    private static final String HUB_ID = "[A-Za-z0-9][\\w.-]*/[\\w.-]+";

    /**
     * Usage of a model.
     *
     * @param library the Hub's name of the library that loads the model
     * @param pipelineTag the Hub's name of the task
     * @param code Python code; {@code %s} stands for the class of {@code transformers} that loads the model
     */
    public record Usage(String library, String pipelineTag, String code) {
        /**
         * Creates the usage of a pipeline of {@code transformers}.
         *
         * @param pipelineTag the Hub's name of the task, which is also the pipeline's
         * @param call Python code that calls the pipeline {@code model}
         */
        public Usage(String pipelineTag, String call) {
            this("transformers", pipelineTag, """
                    from transformers import pipeline

                    model = pipeline("%s", model="path/to/this/folder")  # a %%s
                    %s
                    """.formatted(pipelineTag, call.replace("%", "%%")));
        }
    }

    public ModelCard {
        baseModel = nameOf(baseModel);
        data = data.stream().map(ModelCard::nameOf).toList();
    }

    /** Returns a Hub id or a table's name as it is, and the last part of a path or URI. */
    public static String nameOf(String address) {
        if (address.matches(HUB_ID) || address.startsWith("table:")) {
            return address;
        }
        String path = address.replaceAll("[/*]+$", "");
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /** Returns the text of a model's card. */
    public String toMarkdown() {
        return markdown(usage.library(), List.of("spark-finetune"), usage.code().formatted(architecture));
    }

    /** Returns the text of an adapter's card. */
    public String toAdapterMarkdown() {
        return markdown("peft", List.of("lora", "spark-finetune"), """
                        from peft import PeftModel
                        from transformers import %1$s

                        base = %1$s.from_pretrained("%2$s")
                        model = PeftModel.from_pretrained(base, "path/to/this/folder")
                        """.formatted(
                architecture,
                (baseModel.matches(HUB_ID) ? "" : "path/to/") + cell(baseModel).replace("\"", "")));
    }

    private String markdown(String library, List<String> tags, String use) {
        StringBuilder text =
                new StringBuilder("---\nlibrary_name: " + library + "\npipeline_tag: " + usage.pipelineTag() + "\n");
        // The Hub refuses a base_model that is not one of its ids.
        if (baseModel.matches(HUB_ID)) {
            text.append("base_model: ").append(baseModel).append('\n');
        }
        text.append("tags:\n");
        tags.forEach(tag -> text.append("- ").append(tag).append('\n'));
        text.append("---\n\n# ")
                .append(cell(baseModel))
                .append(", fine-tuned for ")
                .append(usage.pipelineTag())
                .append("\n\n");
        text.append("Fine-tuned from `%s` by spark-finetune.\n\nData: %s.\n\n"
                .formatted(cell(baseModel), cell(String.join(", ", data))));
        if (!rows.isEmpty()) {
            text.append("| rows | count |\n|---|---|\n");
            rows.forEach((name, count) -> text.append(String.format(Locale.ROOT, "| %s | %,d |%n", cell(name), count)));
            text.append('\n');
        }
        if (!metrics.isEmpty()) {
            text.append("## Metrics on held-out data\n\n| metric | value |\n|---|---|\n");
            metrics.forEach(
                    (name, value) -> text.append("| %s | %s |\n".formatted(cell(name), Metric.shown(name, value))));
            text.append('\n');
        }
        text.append("## Settings\n\n| setting | value |\n|---|---|\n");
        settings.forEach(
                (name, value) -> text.append("| %s | %s |\n".formatted(cell(name), cell(String.valueOf(value)))));
        return text.append("\n## Use\n\n```python\n")
                .append(use)
                .append("```\n")
                .toString();
    }

    private static String cell(String text) {
        return text.replaceAll("\\p{Cntrl}", " ").replace("|", "\\|");
    }
}
