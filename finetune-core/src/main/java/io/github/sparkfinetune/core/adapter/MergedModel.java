package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunException;
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

/** A full-precision base model and an adapter of it, opened as one model whose tensors are computed one at a time. */
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
     * Opens both; folders on other machines are copied to a local folder first.
     *
     * @param model Hadoop path of the base's folder
     * @param method what the adapter was trained by
     * @param head the model's
     * @param adapter Hadoop path of the adapter's folder
     * @param localDir gets the copies, which the caller deletes
     * @throws RunException when one is not there, the base is quantised, or they do not fit
     */
    public static MergedModel open(
            String model, MethodConfig method, HeadKind head, String adapter, Configuration hadoop, Path localDir) {
        Path adapterFolder = ModelFolder.fetch(
                "adapter", "train first, or name a PEFT adapter's folder with --adapter", adapter, hadoop, localDir);
        PeftAdapter read = AdapterFile.read(adapterFolder);
        Path base = ModelFolder.fetch(model, hadoop, localDir);
        HfConfig baseConfig = Architectures.config(base);
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
                    + "): merging into it would round the adapter away; name the full-precision model that it was made"
                    + " from, --set model=FOLDER");
        });
    }

    /** The adapter's own config.json knows its classes and vocabulary; the base's holds where there is none. */
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

    /** The configuration that fits the tensors. */
    public HfConfig config() {
        return merged.config();
    }

    /** The tensors in the base's order, new ones at the end; every one in the type that it has in the base. */
    public List<TensorData> tensors() {
        return merged.tensors();
    }

    /** Local folders with the tokenizer's files; of two with the same file the first one's counts. */
    List<Path> folders() {
        return List.of(adapterFolder, base);
    }

    PeftAdapter adapter() {
        return adapter;
    }

    /** Number of linears with an adapter. */
    int adaptedLinears() {
        return merged.adaptedLinears();
    }

    @Override
    public void close() {
        weights.close();
    }
}
