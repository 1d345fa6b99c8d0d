package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.memory.Activations;
import io.github.sparkfinetune.core.memory.Footprint;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;

/**
 * Kind of model that a task trains: an encoder with a head, or a decoder.
 *
 * @param <M> class of the model
 */
public interface ModelKind<M extends Model> {
    /** Returns the kind of the model's head. */
    HeadKind head();

    /**
     * Loads a model.
     *
     * @param classes number of classes of the head; ignored by other heads
     * @param adaptation trained weights, and the storage of frozen weights
     * @param seed seed of new weights
     */
    M load(Pretrained base, int classes, Adaptation adaptation, long seed);

    /**
     * Returns the architecture of a model of this kind.
     *
     * @throws io.github.sparkfinetune.conf.error.RunException if the model is of another kind, or not supported
     */
    Architecture architecture(HfConfig config);

    /**
     * Checks that a configuration describes a supported model of this kind.
     *
     * @throws io.github.sparkfinetune.conf.error.RunException if the model is not supported
     */
    default void check(HfConfig config) {
        // The head's names do not depend on the number of classes.
        architecture(config).head(head(), 1);
    }

    /**
     * Returns the configuration of a model as it is trained: with an embedding row for each token of its tokenizer, and
     * with what the head needs to know.
     */
    default HfConfig completed(HfConfig config, TokenizerFiles tokenizer) {
        return config.withTokens(tokenizer.vocabularySize());
    }

    /** Returns the number of the model's parameters, and the memory of the loaded model. */
    default Footprint footprint(HfConfig config, TensorSource source, int classes, Adaptation adaptation) {
        return Footprint.of(architecture(config), source, head(), classes, adaptation);
    }

    /**
     * Returns the memory of a micro-batch's computation.
     *
     * @param samples number of samples
     * @param longest number of tokens of the longest sample
     * @param recompute whether a layer keeps only its input for its backward
     */
    Activations activations(HfConfig config, Adaptation adaptation, long samples, int longest, boolean recompute);

    /**
     * Returns the highest usual learning rate when all weights are trained: 1e-4 for encoders (BERT's paper has rates
     * up to 5e-5, RoBERTa's up to 3e-5, recipes of small models up to 1e-4), 5e-5 for decoders.
     */
    double highestUsualLearningRate();

    /** Returns the usual method: full for encoders, adapters for decoders. */
    MethodConfig.Type usualMethod(HfConfig config);

    /**
     * Returns the width of the embedding table if only the rows that a step looks up have gradients; 0 if the loss
     * reads the table itself.
     */
    default int sparseTableWidth(HfConfig config) {
        Architecture architecture = architecture(config);
        boolean isRead = head() == HeadKind.CAUSAL_LM || head() == HeadKind.MASKED_LM;
        return isRead && architecture.isTied() ? 0 : architecture.shape().embedding();
    }
}
