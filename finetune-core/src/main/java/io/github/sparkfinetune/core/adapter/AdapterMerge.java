package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.CorpusSource;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.checkpoint.HfFolderWriter;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.ModelFolder;
import io.github.sparkfinetune.data.hub.HubName;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/**
 * Adds an adapter into its full-precision base and writes the result as a model folder. One tensor is in memory at a
 * time; folders on other machines are copied to a local folder first.
 */
public final class AdapterMerge {
    private static final String QUANTIZATION = "quantization_config";

    private AdapterMerge() {}

    /**
     * What was merged.
     *
     * @param linears number of linears whose adapter was added
     * @param whole number of parameters that the adapter brought whole
     */
    public record Merged(int linears, int whole) {}

    /**
     * Merges.
     *
     * @param config its {@code model} is the base
     * @param head the model's
     * @param usage how the merged model is used
     * @param adapter Hadoop path of the adapter's folder
     * @param output Hadoop path of the new model folder; must not exist
     * @param localDir gets copies of folders on other machines, which the caller deletes
     * @throws RunException when the output exists, the base is quantised, or base and adapter do not fit
     */
    public static Merged run(
            RunConfig config,
            HeadKind head,
            ModelCard.Usage usage,
            String adapter,
            String output,
            Configuration hadoop,
            Path localDir,
            long maxShardSize) {
        HfFolderWriter writer = HfFolderWriter.once("--output", new org.apache.hadoop.fs.Path(output), hadoop);
        writer.checkTarget();
        Path adapterFolder = ModelFolder.fetch(
                "adapter", "train first, or name a PEFT adapter's folder with --adapter", adapter, hadoop, localDir);
        PeftAdapter read = AdapterFile.read(adapterFolder);
        Path base = ModelFolder.fetch(config.model(), hadoop, localDir);
        HfConfig baseConfig = HfConfig.read(base);
        refuseQuantised(config.model(), baseConfig);
        HfConfig trained = trained(adapterFolder, baseConfig, read);
        try (SafetensorsModel weights = SafetensorsModel.open(base)) {
            MergedWeights merged = new MergedWeights(trained, head, weights, read);
            writer.write(
                    List.of(adapterFolder, base),
                    merged.config(),
                    merged.tensors(),
                    card(config, usage, adapter, read, trained),
                    maxShardSize,
                    Map.of());
            return new Merged(merged.adaptedLinears(), read.whole().size());
        }
    }

    private static void refuseQuantised(String model, HfConfig config) {
        config.find(QUANTIZATION).ifPresent(quantization -> {
            throw RunException.data("model: " + model + " is quantised (" + QUANTIZATION + " in " + config.source()
                    + "): merging into it would round the adapter away; name the full-precision model that it was made"
                    + " from, --set model=FOLDER");
        });
    }

    /** The adapter's own config.json knows its classes and vocabulary; the base's holds where there is none. */
    private static HfConfig trained(Path adapterFolder, HfConfig base, PeftAdapter adapter) {
        if (!Files.isRegularFile(adapterFolder.resolve(HfConfig.FILE))) {
            return base;
        }
        HfConfig own = HfConfig.read(adapterFolder);
        if (!own.modelType().equals(base.modelType())) {
            throw adapter.otherBase("it was trained on a " + own.modelType() + ", this is a " + base.modelType());
        }
        own = own.with(QUANTIZATION, null);
        for (String dtype : List.of("dtype", "torch_dtype")) {
            own = own.with(dtype, base.find(dtype).orElse(null));
        }
        return own;
    }

    private static String card(
            RunConfig config, ModelCard.Usage usage, String adapter, PeftAdapter read, HfConfig trained) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("method", config.method().type() + ", merged");
        settings.put("adapter", adapter);
        settings.put("r", read.settings().r());
        settings.put("lora_alpha", read.settings().loraAlpha());
        settings.put("target_modules", read.settings().targetModules());
        List<String> data = config.data().train() == null
                ? config.data().corpus().sources().stream()
                        .map(CorpusSource::path)
                        .toList()
                : List.of(config.data().train());
        String architecture = trained.architectures().stream().findFirst().orElse(trained.modelType());
        return new ModelCard(HubName.idOf(config.model()), usage, architecture, data, Map.of(), settings, Map.of())
                .toMarkdown();
    }
}
