package io.github.sparkfinetune.core.arch;

import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The facts of one model family for one {@code config.json}: sizes, blocks, names and shapes of weights, positions,
 * defaults of adapters, and the memory of a layer. Nothing is computed or loaded here. A family is a folder under this
 * package and a line of the registry.
 *
 * <p>An architecture can be made of every configuration of its family whose sizes are sound; whether the engine
 * computes that model as {@code transformers} does is what {@link #requireSupported} tells.
 */
public interface Architecture {
    /** Local name of what maps hidden states to logits over the vocabulary. */
    String PROJECTION = "projection";

    /** {@code model_type} of the configuration. */
    String modelType();

    /** Hugging Face's class of a model with a head, e.g. {@code BertForSequenceClassification}. */
    String className(HeadKind head);

    /** Sizes and rates. */
    ModelShape shape();

    /**
     * Refuses what {@code config.json} asks for and the engine does not compute.
     *
     * @throws io.github.sparkfinetune.conf.RunException naming the field
     */
    void requireSupported();

    /** The module of its text, as Python imports it: what computes its blocks. */
    String text();

    /** Prefix of the weights below the head in a model with a head; a checkpoint of a bare model lacks it. */
    String prefix();

    /**
     * The name of a weight in a model that is written, empty for one of another part of a multimodal model.
     *
     * @param weight its full name
     */
    default Optional<String> writtenName(String weight) {
        return Optional.of(weight);
    }

    /**
     * Expression for the full names of modules that are no part of this model but stand beside it where PEFT loads it:
     * those of a multimodal model that see images. Empty for none.
     */
    default Optional<String> otherModules() {
        return Optional.empty();
    }

    /**
     * A configuration of this model as it is written: with the keys that transformers reads before version 5 beside
     * those of 5, as far as it can compute the model.
     */
    default HfConfig written(HfConfig config) {
        return config;
    }

    /** The embedding table [vocabulary, width]. */
    WeightSpec table();

    /** Weights of the embeddings besides the table; empty without any. */
    Map<String, WeightSpec> embeddings();

    /**
     * The blocks in the order of computation, the embeddings first where they have weights besides the table, the head
     * last.
     *
     * @param head what it predicts
     * @param classes what the head tells apart; unused by language models
     * @throws IllegalArgumentException where the family has no such head
     */
    List<BlockSpec> blocks(HeadKind head, int classes);

    /** A layer's weights. */
    BlockSpec layer(int layer);

    /**
     * Weights that every layer reads besides its own, by the names that the family's text knows them by: tables of
     * relative positions. Their gradient is the sum of the layers'.
     */
    default Map<String, WeightSpec> shared() {
        return Map.of();
    }

    /**
     * What maps the head's output to logits over the vocabulary: {@code projection.weight} [vocabulary, width], and
     * {@code projection.bias} [vocabulary] where there is one; empty for a head that gives logits.
     *
     * @param head what it predicts
     */
    Map<String, WeightSpec> projection(HeadKind head);

    /** Whether the projection's weight is the embedding table. */
    boolean isTied();

    /** The linears of a layer that get an adapter where a run names none, as PEFT chooses them. */
    List<String> loraTargets();

    /**
     * Whether the linears below the head are stored as [in, out], which PEFT calls {@code fan_in_fan_out}. The heads'
     * are [out, in] in every family.
     */
    default boolean isConv1d() {
        return false;
    }

    /**
     * Whether PyTorch records the graph of a layer, instead of a backward that the family's text writes out: then the
     * gradients of a whole layer are there twice for a moment.
     */
    default boolean isRecorded() {
        return false;
    }

    /**
     * What llama.cpp calls the family and its modules, or nothing where it has no place there.
     *
     * @throws io.github.sparkfinetune.conf.RunException where llama.cpp computes the family, but not this model
     */
    default Optional<GgufNames> gguf() {
        return Optional.empty();
    }

    /** What a layer keeps for its backward, and takes at most. */
    LayerBytes layerBytes(LayerUse use, BatchShape batch);
}
