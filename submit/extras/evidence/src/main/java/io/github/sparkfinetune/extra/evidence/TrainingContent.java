package io.github.sparkfinetune.extra.evidence;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hub.HubName;
import io.github.sparkfinetune.extra.evidence.Answers.Field;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Summary of the training content in the sections of the European Commission's template for the public summary that
 * Article 53(1)(d) of Regulation (EU) 2024/1689 (AI Act) requires, of 24 July 2025. What the run cannot know is
 * answered by {@link Answers}, or marked for a person to fill in.
 *
 * @param config configuration of the run
 * @param manifest manifest of the dataset
 * @param date date of the summary, ISO 8601
 * @param model SHA-256 of the model's folder
 * @param answers answers of a person
 */
record TrainingContent(RunConfig config, Manifest manifest, String date, String model, Answers answers) {
    static final String FILE_NAME = "training-content.md";

    private static final long BILLION = 1_000_000_000L;
    private static final long TEN_TRILLION = 10_000 * BILLION;

    /** Returns the text. */
    String toMarkdown() {
        return "# Public summary of training content\n\n"
                + "After the template of the European Commission for Article 53(1)(d) of Regulation (EU) 2024/1689 (AI"
                + " Act). The summary covers the text of this fine-tuning; the provider of the base model summarizes"
                + " the text that the base model was trained on.\n\n"
                + line("Version of the Summary", "1.0")
                + line("Last update", date)
                + general()
                + sources()
                + processing();
    }

    private String general() {
        DatasetSplit train = manifest.split(Manifest.TRAIN);
        return "\n## 1. General information\n\n### 1.1. Provider identification\n\n"
                + ask(Field.PROVIDER)
                + ask(Field.REPRESENTATIVE)
                + "\n### 1.2. Model identification\n\n"
                + line("Versioned model name(s)", config.runName() + ", SHA-256 " + model)
                + line("Model dependencies", dependencies())
                + ask(Field.PLACED_ON_MARKET)
                + "\n### 1.3. Modalities, overall training data size and other characteristics\n\n"
                + "| Modality | Training data size | Types of content |\n|---|---|---|\n"
                + format(
                        "| Text | %s (%,d tokens in %,d samples) | %s |\n\n",
                        size(train.tokens()),
                        train.tokens(),
                        train.rows(),
                        answers.orMark(Field.TYPES_OF_CONTENT).replace("|", "\\|"))
                + ask(Field.LATEST_DATE)
                + ask(Field.LANGUAGES);
    }

    private String dependencies() {
        return "fine-tuned from " + ModelCard.nameOf(HubName.idOf(config.model()));
    }

    private static String size(long tokens) {
        return tokens < BILLION
                ? "Less than 1 billion tokens"
                : tokens <= TEN_TRILLION ? "1 billion to 10 trillion tokens" : "More than 10 trillion tokens";
    }

    private String sources() {
        String rows = manifest.sources().stream()
                .map(source -> format(
                        "| %s | %s | %,d | %,d |\n",
                        ModelCard.nameOf(source.path()).replace("|", "\\|"),
                        source.key(),
                        source.files(),
                        source.bytes()))
                .collect(Collectors.joining());
        return "\n## 2. List of data sources\n\nThe run read these sources. A person assigns each to a section below."
                + "\n\n| source | key | files | bytes |\n|---|---|---|---|\n"
                + rows
                + "\n### 2.1. Publicly available datasets\n\n"
                + ask(Field.PUBLIC_DATASETS)
                + "\n### 2.2. Private non-publicly available datasets obtained from third parties\n\n"
                + "#### 2.2.1. Datasets commercially licensed by rightsholders or their representatives\n\n"
                + ask(Field.LICENSED_DATASETS)
                + "\n#### 2.2.2. Private datasets obtained from other third parties\n\n"
                + ask(Field.PRIVATE_DATASETS)
                + "\n### 2.3. Data crawled and scraped from online sources\n\n"
                + ask(Field.CRAWLED)
                + "\n### 2.4. User data\n\n"
                + ask(Field.USER_INTERACTIONS)
                + ask(Field.USER_SERVICES)
                + "\n### 2.5. Synthetic data\n\n"
                + teacher()
                + ask(Field.SYNTHETIC)
                + "\n### 2.6. Other sources of data\n\n"
                + ask(Field.OTHER_SOURCES);
    }

    private String teacher() {
        return config.teacher().teaches()
                ? line(
                        "Other AI models",
                        "the probabilities that "
                                + ModelCard.nameOf(HubName.idOf(config.teacher().model()))
                                + " gives to the tokens or labels of the training text were trained on")
                : "";
    }

    private String processing() {
        return "\n## 3. Data processing aspects\n\n"
                + "### 3.1. Respect of reservation of rights from text and data mining exception or limitation\n\n"
                + ask(Field.CODE_OF_PRACTICE)
                + ask(Field.RESERVED_RIGHTS)
                + "\n### 3.2. Removal of illegal content\n\n"
                + ask(Field.ILLEGAL_CONTENT)
                + "\n### 3.3. Other information\n\nWhat became of the rows:\n\n| rows | count |\n|---|---|\n"
                + DataFunnel.of(manifest).stream()
                        .map(line -> format("| %s | %,d |\n", line.name(), line.count()))
                        .collect(Collectors.joining())
                + format("| erased documents | %,d |\n", manifest.erased().size());
    }

    private String ask(Field field) {
        return line(field.question(), answers.orMark(field));
    }

    private static String line(String name, String value) {
        return "- " + name + (name.endsWith("?") ? " " : ": ") + value.strip().replaceAll("\\s+", " ") + "\n";
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
