package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Map;

/** What a task's trained model is saved with. */
public interface TaskExport {
    /** PEFT's name of the task, {@code task_type} of adapter_config.json, or null where it has none. */
    String peftTaskType();

    /**
     * The configuration that a trained model is saved with.
     *
     * @param model the base model's, with the vocabulary that it was loaded with
     * @param className of the trained model, see {@link io.github.sparkfinetune.core.model.Model#className}
     * @param labels names of the dataset's labels by id
     * @param dtype element type of the weights as PyTorch names it, e.g. {@code float32}
     */
    HfConfig savedConfig(HfConfig model, String className, List<String> labels, String dtype);

    /**
     * The same configuration with what the evaluation of the trained model tells.
     *
     * @param saved of {@link #savedConfig}
     * @param eval metrics on the evaluation split by name; empty where there is none
     */
    default HfConfig tunedConfig(HfConfig saved, Map<String, Double> eval) {
        return saved;
    }

    /** How the result is used, for its model card. */
    ModelCard.Usage usage();
}
