package io.github.sparkfinetune.core.arch;

import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A model family's facts for one {@code config.json}: sizes, blocks, names and shapes of weights, positions, defaults
 * of adapters, and the memory of a layer. Nothing is computed or loaded here. A family is a folder in this package and
 * a line of the registry.
 *
 * <p>Every configuration of a family with valid sizes has an architecture. {@link #requireSupported} checks whether the
 * engine computes the model as {@code transformers} does.
 */
public interface Architecture {
    /** Local name of the module that maps hidden states to logits over the vocabulary. */
    String LM_HEAD = "lm_head";

    /** Returns the configuration's {@code model_type}. */
    String modelType();

    /** Returns Hugging Face's class of a model with a head, e.g. {@code BertForSequenceClassification}. */
    String className(HeadKind head);

    /** Returns the model's sizes and rates. */
    ModelShape shape();

    /**
     * Returns a head.
     *
     * @param classes number of classes; unused by heads with a fixed number
     * @throws IllegalArgumentException if a model of this kind has no such head
     * @throws io.github.sparkfinetune.conf.error.RunException if {@code transformers} has no class with it
     */
    HeadSpec head(HeadKind kind, int classes);

    /** Returns the linears of a layer that also read the table of relative positions, by their names in the script. */
    default Set<String> relativeLinears() {
        return Set.of();
    }

    /**
     * Refuses settings of {@code config.json} that the engine does not compute.
     *
     * @throws io.github.sparkfinetune.conf.error.RunException if a setting is not supported; the message names the
     *     field
     */
    void requireSupported();

    /** Returns the script that computes the family's blocks, as Python imports the module. */
    String script();

    /**
     * Returns the prefix of the weights below the head in a model with a head. A checkpoint of a bare model lacks it.
     */
    String prefix();

    /**
     * Returns a weight's name in a written model; empty for a weight of another part of a multimodal model.
     *
     * @param weight the weight's full name
     */
    default Optional<String> writtenName(String weight) {
        return Optional.of(weight);
    }

    /**
     * Returns a regular expression for the full names of modules outside this model, which PEFT also loads: the image
     * modules of a multimodal model. Empty if there are none.
     */
    default Optional<String> otherModules() {
        return Optional.empty();
    }

    /**
     * Returns this model's configuration as it is written. Beside the keys of transformers 5 it has the keys that
     * earlier versions read, as far as these versions can compute the model.
     */
    default HfConfig written(HfConfig config) {
        return config;
    }

    /** Returns the embedding table [vocabulary, width]. */
    WeightSpec table();

    /** Returns the embeddings' weights other than the table; empty if there are none. */
    Map<String, WeightSpec> embeddings();

    /**
     * Returns the linears of a layer that read the same input, by the name of the linear that they can be packed as:
     * the first rows are those of the first linear.
     */
    default Map<String, List<String>> joins() {
        return Map.of();
    }

    /**
     * Returns the blocks in the order of computation. The embeddings come first if they have weights besides the table;
     * the head comes last.
     *
     * @param head the head's kind
     * @param classes number of classes of the head; unused by language models
     * @throws IllegalArgumentException if the family's models have no head of this kind
     * @throws io.github.sparkfinetune.conf.error.RunException if {@code transformers} has no class with this head
     */
    List<BlockSpec> blocks(HeadKind head, int classes);

    /** Returns a layer's weights. */
    BlockSpec layer(int layer);

    /**
     * Returns weights that every layer reads besides its own, such as tables of relative positions, by their names in
     * the family's script. Their gradient is the sum over the layers.
     */
    default Map<String, WeightSpec> shared() {
        return Map.of();
    }

    /**
     * Returns the weights that map the head's output to logits over the vocabulary: {@code lm_head.weight} [vocabulary,
     * width], and an optional {@code lm_head.bias} [vocabulary]. Empty for a head that returns logits.
     *
     * @param head the head's kind
     */
    Map<String, WeightSpec> lmHead(HeadKind head);

    /** Returns whether the lm_head's weight is the embedding table. */
    boolean isTied();

    /** Returns the linears of a layer that get an adapter by default, as PEFT chooses them. */
    List<String> loraTargets();

    /**
     * Returns whether the linears below the head are stored as [in, out], which PEFT calls {@code fan_in_fan_out}. The
     * heads' linears are [out, in] in every family.
     */
    default boolean isConv1d() {
        return false;
    }

    /**
     * Returns whether PyTorch records a layer's graph because the family's script has no explicit backward. The
     * gradients of a whole layer then exist twice for a moment.
     */
    default boolean isRecorded() {
        return false;
    }

    /**
     * Returns whether the script has backwards of the embeddings, of a layer and of the head of whole texts that can
     * measure the gradients of samples: they pass each gradient to {@code put_sum}, {@code put_product} or
     * {@code put_lookup}, and change nothing that they have passed.
     */
    default boolean measuresSamples() {
        return false;
    }

    /**
     * Returns whether the backward of a block can measure the gradients of samples. In BF16 it cannot: a clipped
     * gradient is rounded in other places than the measured one, and could be longer than the clip.
     *
     * @param head kind of the model's head
     */
    default boolean measuresSamples(BlockKind kind, HeadKind head, boolean bf16) {
        return measuresSamples() && !bf16 && (kind != BlockKind.HEAD || head.classifiesTexts());
    }

    /**
     * Returns whether the script has a backward of a block, so that PyTorch does not record it.
     *
     * @param head kind of the model's head
     */
    default boolean isWritten(BlockKind kind, HeadKind head, boolean bf16) {
        return kind == BlockKind.LAYER ? !isRecorded() : measuresSamples(kind, head, bf16);
    }

    /** Returns whether the linears of layers read adapters in the compute dtype, as {@code cast_dense} does. */
    default boolean castsAdapters() {
        return false;
    }

    /**
     * Returns llama.cpp's names of the family and its modules; empty if llama.cpp has no place for the family.
     *
     * @throws io.github.sparkfinetune.conf.error.RunException if llama.cpp computes the family, but not this model
     */
    default Optional<GgufNames> gguf() {
        return Optional.empty();
    }

    /** Returns the bytes that a layer keeps for its backward, and its peak. */
    LayerBytes layerBytes(LayerUse use, BatchShape batch);
}
