package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.ModelFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/** A full-precision base model with an adapter, opened as one model whose tensors are computed one at a time. */
public final class MergedModel implements AutoCloseable {
    private static final String QUANTIZATION = "quantization_config";

    private final Path adapterFolder;
    private final Path base;
    private final PeftAdapter adapter;
    private final SafetensorsModel weights;
    private final MergedWeights merged;

    private MergedModel(
            Path adapterFolder, Path base, PeftAdapter adapter, SafetensorsModel weights, MergedWeights merged) {
        this.adapterFolder = adapterFolder;
        this.base = base;
        this.adapter = adapter;
        this.weights = weights;
        this.merged = merged;
    }

    /**
     * Opens base and adapter. Folders on other machines are copied to a local folder first.
     *
     * @param model Hadoop path of the base's folder
     * @param method method that trained the adapter
     * @param head the model's head
     * @param adapter Hadoop path of the adapter's folder
     * @param localDir folder for the copies, which the caller deletes
     * @throws RunException if a folder is missing, the base is quantised, or base and adapter do not fit
     */
    public static MergedModel open(
            String model, MethodConfig method, HeadKind head, String adapter, Configuration hadoop, Path localDir) {
        Path adapterFolder = ModelFolder.fetch(
                "adapter", "train first, or name a PEFT adapter's folder with --adapter", adapter, hadoop, localDir);
        Path base = ModelFolder.fetch(model, hadoop, localDir);
        HfConfig baseConfig = Architectures.config(base);
        PeftAdapter read = AdapterFile.read(adapterFolder)
                .named(head, Architectures.of(baseConfig).prefix());
        refuseQuantised(model, baseConfig);
        HfConfig trained = trained(adapterFolder, baseConfig, read);
        SafetensorsModel weights = SafetensorsModel.open(base);
        try {
            MergedWeights merged = new MergedWeights(trained, head, weights, read, method);
            return new MergedModel(adapterFolder, base, read, weights, merged);
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private static void refuseQuantised(String model, HfConfig config) {
        config.find(QUANTIZATION).ifPresent(quantization -> {
            throw RunException.data("model: " + model + " is quantised (" + QUANTIZATION + " in " + config.source()
                    + "): merging into it would round the adapter away; use the full-precision model that it was made"
                    + " from: --set model=FOLDER");
        });
    }

    /** Returns the adapter's own config.json, which has its classes and vocabulary, or else the base's. */
    private static HfConfig trained(Path adapterFolder, HfConfig base, PeftAdapter adapter) {
        if (!Files.isRegularFile(adapterFolder.resolve(HfConfig.FILE))) {
            return base;
        }
        HfConfig own = Architectures.config(adapterFolder);
        if (!own.modelType().equals(base.modelType())) {
            throw adapter.otherBase("it was trained on a " + own.modelType() + ", this is a " + base.modelType());
        }
        own = own.with(QUANTIZATION, null);
        for (String dtype : List.of("dtype", "torch_dtype")) {
            own = own.with(dtype, base.find(dtype).orElse(null));
        }
        return own;
    }

    /** Returns the configuration that fits the tensors. */
    public HfConfig config() {
        return merged.config();
    }

    /** Returns the tensors in the base's order, followed by new tensors. Each tensor keeps its type in the base. */
    public List<TensorData> tensors() {
        return merged.tensors();
    }

    /** Returns the local folders with the tokenizer's files. If both have a file, the first folder's is used. */
    List<Path> folders() {
        return List.of(adapterFolder, base);
    }

    PeftAdapter adapter() {
        return adapter;
    }

    /** Returns the number of linears with an adapter. */
    int adaptedLinears() {
        return merged.adaptedLinears();
    }

    @Override
    public void close() {
        weights.close();
    }
}
