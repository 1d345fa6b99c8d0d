package io.github.sparkfinetune.extra.evidence;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.Keys;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.run.Settings;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Card of a prepared dataset, with the front matter that the Hugging Face Hub reads. As on a {@link ModelCard}, a
 * source is the last part of its path. It holds no rows and no names of labels.
 */
final class DatasetCard {
    static final String FILE_NAME = "dataset-card.md";

    /** Values of rows. */
    private static final String KEPT = "data.redact.keep";

    private static final String[] SIZES = {"n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M"};

    private DatasetCard() {}

    /** @param config configuration of the run that trained on the dataset */
    static String of(RunConfig config, Manifest manifest) {
        StringBuilder text = new StringBuilder();
        text.append("---\npretty_name: ")
                .append(config.runName())
                .append("\ntask_categories:\n- ")
                .append(TaskSpecs.of(config).usage().pipelineTag())
                .append("\nsize_categories:\n- ")
                .append(size(manifest))
                .append("\ntags:\n- spark-finetune\n---\n\n# Dataset of ")
                .append(cell(config.runName()))
                .append("\n\nSamples of token ids, prepared by spark-finetune for ")
                .append(config.task().configName())
                .append(".\n\n| source | key | files | bytes |\n|---|---|---|---|\n");
        manifest.sources()
                .forEach(source -> text.append(format(
                        "| %s | %s | %,d | %,d |\n",
                        cell(ModelCard.nameOf(source.path())), source.key(), source.files(), source.bytes())));
        text.append("\n| rows | count |\n|---|---|\n");
        DataFunnel.of(manifest).forEach(line -> text.append(format("| %s | %,d |\n", cell(line.name()), line.count())));
        text.append(format("| erased documents | %,d |\n", manifest.erased().size()));
        text.append("\n| split | samples | tokens | shards |\n|---|---|---|---|\n");
        manifest.splits()
                .forEach((name, split) -> text.append(format(
                        "| %s | %,d | %,d | %,d |\n",
                        name, split.rows(), split.tokens(), split.shards().size())));
        text.append("\n## Settings\n\n| setting | value |\n|---|---|\n");
        settings(config, manifest)
                .forEach((name, value) -> text.append("| %s | %s |\n".formatted(cell(name), cell(value))));
        return text.toString();
    }

    private static String size(Manifest manifest) {
        long rows = manifest.splits().values().stream()
                .mapToLong(split -> split.rows())
                .sum();
        int power = Math.max(0, Long.toString(rows).length() - "999".length());
        return power < SIZES.length ? SIZES[power] : "n>100M";
    }

    private static Map<String, String> settings(RunConfig config, Manifest manifest) {
        Map<String, String> settings = Settings.of(config);
        Set<String> paths = Keys.paths(config).keySet();
        settings.keySet().removeIf(key -> !key.startsWith("data.") || key.equals(KEPT) || paths.contains(key));
        if (manifest.corpus() == null) {
            settings.keySet().removeIf(key -> key.startsWith("data.corpus."));
        }
        settings.values().removeIf(value -> value.isEmpty() || value.equals("null"));
        return settings;
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }

    private static String cell(String text) {
        return text.replaceAll("\\p{Cntrl}", " ").replace("|", "\\|");
    }
}
