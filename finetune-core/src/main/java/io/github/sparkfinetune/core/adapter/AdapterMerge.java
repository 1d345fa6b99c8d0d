package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.checkpoint.HfFolderWriter;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hub.HubName;
import io.github.sparkfinetune.data.task.ContentHash;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;

/**
 * Adds an adapter to its full-precision base model and writes the result as a model folder. Only some rows of one
 * tensor are in memory at a time. Folders on other machines are copied to a local folder first.
 */
public final class AdapterMerge {
    private AdapterMerge() {}

    /**
     * Counts of a merge.
     *
     * @param linears number of linears whose adapter was added
     * @param whole number of parameters that the adapter replaces whole
     */
    public record Merged(int linears, int whole) {}

    /**
     * Properties that a task gives its models.
     *
     * @param head head of the model
     * @param usage how the merged model is used
     * @param files returns further files of a model, by name, given its configuration
     */
    public record Task(HeadKind head, ModelCard.Usage usage, Function<HfConfig, Map<String, byte[]>> files) {}

    /**
     * Merges an adapter into its base model.
     *
     * @param config configuration whose {@code model} is the base
     * @param task head, usage and further files of the merged model
     * @param adapter Hadoop path of the adapter's folder
     * @param output Hadoop path of the new model folder, which must not exist
     * @param localDir folder for copies from other machines, which the caller deletes
     * @throws RunException if the output exists, the base is quantised, or base, adapter and head do not fit
     */
    public static Merged run(
            RunConfig config,
            Task task,
            String adapter,
            String output,
            Configuration hadoop,
            Path localDir,
            long maxShardSize) {
        HfFolderWriter writer = HfFolderWriter.once(
                "--output", new org.apache.hadoop.fs.Path(output), hadoop, name(config.model(), adapter));
        writer.checkTarget();
        try (MergedModel model =
                MergedModel.open(config.model(), config.method(), task.head(), adapter, hadoop, localDir)) {
            requireHead(
                    adapter,
                    model.adapter().settings().base().taskType(),
                    task.head().peftTaskType());
            writer.write(
                    model.folders(),
                    model.config(),
                    model.tensors(),
                    card(config, task.usage(), adapter, model.adapter(), model.config()),
                    maxShardSize,
                    task.files().apply(model.config()));
            return new Merged(model.adaptedLinears(), model.adapter().whole().size());
        }
    }

    private static void requireHead(String adapter, String typeOrNull, String neededOrNull) {
        if (typeOrNull != null && neededOrNull != null && !typeOrNull.equals(neededOrNull)) {
            throw RunException.config("task: " + adapter + " is an adapter for " + typeOrNull
                    + ", a model of this task needs one for " + neededOrNull
                    + ": set task to that of the adapter's training");
        }
    }

    /** Returns the same name for every merge of these two, so that a later run resumes a merge that was killed. */
    private static String name(String model, String adapter) {
        ContentHash hash = new ContentHash.Digest()
                .of(model.getBytes(StandardCharsets.UTF_8), adapter.getBytes(StandardCharsets.UTF_8));
        return "merge-" + hash.toHex();
    }

    private static String card(
            RunConfig config, ModelCard.Usage usage, String adapter, PeftAdapter read, HfConfig merged) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("method", config.method().type() + ", merged");
        settings.put("adapter", ModelCard.nameOf(adapter));
        settings.put("r", read.settings().ranks().r());
        settings.put("lora_alpha", read.settings().ranks().loraAlpha());
        settings.put("target_modules", read.settings().targets().targetModules());
        List<String> data = config.data().train() == null
                ? config.data().corpus().sources().stream()
                        .map(CorpusConfig.Source::path)
                        .toList()
                : List.of(config.data().train());
        String architecture = merged.architectures().stream().findFirst().orElse(merged.modelType());
        return new ModelCard(HubName.idOf(config.model()), usage, architecture, data, Map.of(), settings, Map.of())
                .toMarkdown();
    }
}
