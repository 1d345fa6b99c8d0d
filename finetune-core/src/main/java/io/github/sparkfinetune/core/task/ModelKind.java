package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.memory.Activations;
import io.github.sparkfinetune.core.memory.Footprint;
import io.github.sparkfinetune.core.model.Adaptation;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.data.hf.HfConfig;

/**
 * The kind of model that a task trains: an encoder with a head, or a decoder.
 *
 * @param <M> the model's class
 */
public interface ModelKind<M extends Model> {
    /** What the model's head predicts. */
    HeadKind head();

    /**
     * Loads a model.
     *
     * @param classes what the head tells apart; unused by kinds without
     * @param adaptation what is trained, and how the rest is stored
     * @param seed of new weights
     */
    M load(Pretrained base, int classes, Adaptation adaptation, long seed);

    /**
     * Finds whether a configuration is of a model of this kind.
     *
     * @throws io.github.sparkfinetune.conf.RunException where it is not a supported one
     */
    void check(HfConfig config);

    /** How many parameters the model has, and where they lie once it is loaded. */
    Footprint footprint(HfConfig config, TensorSource source, int classes, Adaptation adaptation);

    /**
     * What computing a micro-batch takes.
     *
     * @param samples in it
     * @param longest tokens of the longest of them
     * @param recompute whether a layer keeps its input alone for its backward
     */
    Activations activations(HfConfig config, Adaptation adaptation, long samples, int longest, boolean recompute);

    /**
     * The highest learning rate that is usual when all weights are trained: 1e-4 for encoders (BERT's paper goes up to
     * 5e-5, RoBERTa's to 3e-5, recipes of small models to 1e-4), 5e-5 for decoders.
     */
    double highestUsualLearningRate();

    /**
     * The learning rate that such a model is usually trained with where all weights are: {@code transformers}' default
     * for encoders, 2e-5 for decoders. Adapters and heads take ten times as much.
     */
    double usualLearningRate();

    /** How such a model is usually trained: all of an encoder, adapters of a decoder. */
    MethodConfig.Type usualMethod();

    /**
     * Width of the rows of the embedding table, where those alone have gradients that a step looks up; 0 where the loss
     * reads the table itself.
     */
    int sparseTableWidth(HfConfig config);
}
