package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What distinguishes one decoder from another: the names and shapes of its weights, and what a block computes. */
interface DecoderArchitecture {
    /** The architecture of a configuration. */
    static DecoderArchitecture of(HfConfig config) {
        String type = config.modelType();
        if (Llama.CLASSES.containsKey(type)) {
            return new Llama(config);
        } else if (type.equals(Gpt2.MODEL_TYPE)) {
            return new Gpt2(config);
        }
        List<String> supported = new ArrayList<>(Llama.CLASSES.keySet());
        supported.add(Gpt2.MODEL_TYPE);
        throw RunException.data(config.source() + ": model_type " + type
                + " is not supported for text generation; supported are " + String.join(", ", supported));
    }

    /** Hugging Face's class name of the model with its language-modelling head. */
    String className();

    DecoderShape shape();

    /** Prefix of the decoder's weights in a model with a head; a bare decoder's have none. */
    String prefix();

    /** Name of the embedding table. */
    String table();

    /** What is added to looked-up rows, by the script's names; empty where nothing is. */
    Map<String, WeightSpec> embeddings();

    /** A layer's weights by the script's names. */
    Map<String, WeightSpec> layer(int layer);

    /** The last norm's weights by the script's names. */
    Map<String, WeightSpec> head();

    /** Name of the weight that maps hidden states to logits, where it is not the embedding table. */
    String projection();

    /** Whether a linear's weight is stored as [in, out]. */
    boolean conv1d();

    /** What turns positions into rotations, made once a model; empty without rotary positions. */
    Optional<NDArray> frequencies(ScriptModule script, NDManager manager);

    /** Computes a block, see {@link Model#forward}. */
    NDArray forward(
            ScriptModule script,
            NDManager owner,
            Block block,
            NDArray x,
            PackedBatch batch,
            Map<String, NDArray> masks);

    /** Computes a block so that it can be differentiated, see {@link Model#record}. */
    Tape record(
            ScriptModule script,
            NDManager owner,
            Block block,
            NDArray x,
            boolean wanted,
            PackedBatch batch,
            Map<String, NDArray> masks);

    /**
     * Computes a layer over whole prompts and caches their keys and values, so that they end at the cache's end.
     *
     * @param batch one document a prompt, in the order of the cache
     */
    NDArray prompts(
            ScriptModule script, NDManager owner, Block block, NDArray x, PackedBatch batch, KeyValueCache cache);

    /**
     * Computes a layer for one more token of each cached sequence, and caches its keys and values at the last place.
     *
     * @param x [B, hidden]
     * @param batch one document of one token a sequence
     * @param bias none, or what hides the places before a sequence's first token
     */
    NDArray tokens(
            ScriptModule script,
            NDManager owner,
            Block block,
            NDArray x,
            PackedBatch batch,
            KeyValueCache cache,
            List<NDArray> bias);

    /** Whether the attention kernel that is fused on the CPU can be used. */
    static boolean fused(NDArray x) {
        return !x.getDevice().isGpu();
    }
}
