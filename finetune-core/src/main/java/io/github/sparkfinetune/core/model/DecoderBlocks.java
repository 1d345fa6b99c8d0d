package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the blocks of a decoder compute. */
interface DecoderBlocks {
    /** Those of a family. */
    static DecoderBlocks of(DecoderArchitecture architecture) {
        return architecture
                .rotary()
                .<DecoderBlocks>map(rotary -> new LlamaBlocks(architecture.shape(), rotary))
                .orElseGet(() -> new Gpt2Blocks(architecture.shape()));
    }

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
