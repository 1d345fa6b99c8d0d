package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Map;

/** Configuration and usage of a task's saved model. */
public interface TaskExport {
    /**
     * Returns the configuration of a saved model.
     *
     * @param model configuration of the base model, with the loaded vocabulary
     * @param className class name of the trained model, see {@link io.github.sparkfinetune.core.model.Model#className}
     * @param labels names of the dataset's labels by id
     * @param dtype PyTorch's name of the weights' element type, e.g. {@code float32}
     */
    HfConfig savedConfig(HfConfig model, String className, List<String> labels, String dtype);

    /**
     * Returns a saved configuration with settings that follow from the evaluation of the trained model.
     *
     * @param saved result of {@link #savedConfig}
     * @param eval metrics on the evaluation split by name; empty without an evaluation split
     */
    default HfConfig tunedConfig(HfConfig saved, Map<String, Double> eval) {
        return saved;
    }

    /**
     * Returns further files of a saved model, by name in its folder; the folder of an adapter has none of them.
     *
     * @param saved result of {@link #savedConfig}
     */
    default Map<String, byte[]> savedFiles(HfConfig saved) {
        return Map.of();
    }

    /** Returns the usage of the model, for its model card. */
    ModelCard.Usage usage();
}
