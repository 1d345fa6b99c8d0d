package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hub.HubName;
import java.io.IOException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Training of a task: its model, its loss and the size of its samples. */
public interface TaskTraining extends TaskExport {
    /** Returns the kind of the trained model. */
    ModelKind<?> modelKind();

    /**
     * Checks the folder of the base model, beyond its {@code config.json}.
     *
     * @throws RunException if the run contradicts the folder
     */
    default void checkFolder(Path folder, Configuration hadoop) throws IOException {}

    /**
     * Loads a model with its loss.
     *
     * @param labels labels that the model predicts
     * @param adaptation trained weights, and the storage of frozen weights
     * @param seed seed of new weights
     */
    TaskModel load(Pretrained base, Labels labels, Adaptation adaptation, long seed);

    /**
     * Returns the labels of a trained model.
     *
     * @throws RunException if the model was trained for another task
     */
    default Labels labels(HfConfig trained) {
        return Labels.none();
    }

    /**
     * Returns the adaptation of a run's model by a method.
     *
     * @param method the run's own method, or another method
     * @param source weights of the model
     * @param adapter adapter that {@code method.adapter} names, or empty
     * @param threads number of threads of this rank
     * @throws RunException if method and model do not fit each other
     */
    default Adaptation adaptation(
            RunConfig config,
            MethodConfig method,
            HfConfig model,
            TensorSource source,
            Optional<PeftAdapter> adapter,
            int threads) {
        String base = config.model();
        // A name that PEFT can load: a model's name on the Hub, or a local path without its scheme.
        String name = HubName.ofSnapshot(base)
                .map(HubName::repository)
                .orElseGet(() -> base.startsWith("file:")
                        ? Path.getPathWithoutSchemeAndAuthority(new Path(base)).toString()
                        : base);
        HeadKind head = modelKind().head();
        return Adaptation.of(method, model, head, source, head.peftTaskType(), name, adapter, threads)
                .withBf16(config.precision() == RunConfig.PrecisionChoice.BF16);
    }

    /**
     * Returns the memory of the loss in bytes, besides the model's output, for a head that computes only the rows that
     * the loss reads.
     *
     * @param tokens number of tokens of a micro-batch
     * @param onGpu whether the model is on a GPU
     */
    default long objectiveBytes(HfConfig model, long tokens, boolean onGpu) {
        return 0;
    }

    /**
     * Returns the number of tokens of the longest sample.
     *
     * @param maxLength {@code data.max_length}
     */
    default int longestSample(int maxLength) {
        return maxLength;
    }

    /**
     * Returns the number of tokens to which a batch is padded.
     *
     * @param longest number of tokens of the batch's longest sample
     */
    default int paddedLength(int longest) {
        return longest;
    }

    /**
     * Returns whether the loss compares the model with the initial model. The results of {@link TaskModel#reference}
     * are then the samples' targets.
     */
    default boolean readsReference() {
        return false;
    }

    /**
     * Returns whether a teacher's references are of tokens with a label, see
     * {@link io.github.sparkfinetune.core.objective.TokenClasses}, instead of whole samples.
     */
    default boolean learnsTokens() {
        return false;
    }

    /** Returns the highest usual learning rate when all weights are trained, see {@link ModelKind}. */
    default double highestUsualLearningRate() {
        return modelKind().highestUsualLearningRate();
    }
}
