package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.model.Adaptation;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hub.HubName;
import java.util.Optional;
import org.apache.hadoop.fs.Path;

/** How a task trains: its model, what is minimised over it and how large its samples become. */
public interface TaskTraining extends TaskExport {
    /** The kind of model that is trained. */
    ModelKind<?> modelKind();

    /**
     * Loads a model with what is minimised over it.
     *
     * @param labels that the model predicts
     * @param adaptation what is trained, and how the rest is stored
     * @param seed of new weights
     */
    TaskModel load(Pretrained base, Labels labels, Adaptation adaptation, long seed);

    /**
     * Labels of a trained model.
     *
     * @throws RunException if it was trained for something else
     */
    default Labels labels(HfConfig trained) {
        return Labels.none();
    }

    /**
     * What a method does to a run's model.
     *
     * @param method the run's own, or another
     * @param source the model's weights
     * @param adapter the one that {@code method.adapter} names, or empty
     * @param threads of this rank
     * @throws RunException where method and model do not fit each other
     */
    default Adaptation adaptation(
            RunConfig config,
            MethodConfig method,
            HfConfig model,
            TensorSource source,
            Optional<PeftAdapter> adapter,
            int threads) {
        String base = config.base().model();
        // As PEFT can load it: a model's name on the Hub, or a path of this machine without its scheme.
        String name = HubName.ofSnapshot(base)
                .map(HubName::repository)
                .orElseGet(() -> base.startsWith("file:")
                        ? Path.getPathWithoutSchemeAndAuthority(new Path(base)).toString()
                        : base);
        return Adaptation.of(method, model, modelKind().head(), source, peftTaskType(), name, adapter, threads)
                .withBf16(config.compute().precision() == RunConfig.PrecisionChoice.BF16);
    }

    /**
     * Bytes that the objective takes beside the model's output, with a head that only computes what it tells.
     *
     * @param tokens of a micro-batch
     */
    default long objectiveBytes(HfConfig model, long tokens) {
        return 0;
    }

    /**
     * Tokens of the longest sample.
     *
     * @param maxLength {@code data.max_length}
     */
    default int longestSample(int maxLength) {
        return maxLength;
    }

    /**
     * Tokens that a batch is padded to.
     *
     * @param longest tokens of its longest sample
     */
    default int paddedLength(int longest) {
        return longest;
    }

    /**
     * Whether samples are measured against what the model said of them before its training,
     * {@link TaskModel#reference}, which then are their targets.
     */
    default boolean readsReference() {
        return false;
    }

    /** The highest learning rate that is usual when all weights are trained, see {@link ModelKind}. */
    default double highestUsualLearningRate() {
        return modelKind().highestUsualLearningRate();
    }

    /** The learning rate that all weights are usually trained with, see {@link ModelKind}. */
    default double usualLearningRate() {
        return modelKind().usualLearningRate();
    }
}
