package io.github.sparkfinetune.core.model.batch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.LayerAttention;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Tensors of a batch that a decoder's layers read besides their input: those of {@link Rotations}, and for each length
 * L of documents that are longer than the layer's sliding window {@code window.L} [L, L], 0 where a token sees another
 * token, else -inf. {@link FlashInputs} replace these biases. Layers with equal windows share their tensors.
 */
public final class LayerInputs {
    private final List<LayerAttention> layers;
    private final Rotations rotations;
    private final boolean isFlash;

    /**
     * @param manager owner of the rotary frequencies, which are computed once per model
     * @param isFlash whether the model computes attention by flash attention
     */
    public LayerInputs(NDManager manager, ScriptModule script, DecoderArchitecture architecture, boolean isFlash) {
        this.isFlash = isFlash;
        this.layers = IntStream.range(0, architecture.shape().layers())
                .mapToObj(architecture::attention)
                .toList();
        this.rotations = new Rotations(
                manager, script, layers.stream().map(LayerAttention::rotary).toList());
    }

    /** Returns the number of tokens that a token sees in a layer, including itself, or 0 for no window. */
    int window(int layer) {
        return layers.get(layer).window();
    }

    /**
     * Returns the tensors of each layer.
     *
     * @param documents number of tokens of each document
     * @param positions positions of the tokens in their documents, [N], I64
     */
    List<Map<String, NDArray>> of(NDManager owner, long[] documents, NDArray positions) {
        List<Map<String, NDArray>> rotated = rotations.of(owner, positions);
        Map<Integer, Map<String, NDArray>> windows = new HashMap<>();
        return IntStream.range(0, layers.size())
                .mapToObj(layer -> {
                    Map<String, NDArray> inputs = new LinkedHashMap<>(
                            windows.computeIfAbsent(window(layer), window -> attention(owner, documents, window)));
                    inputs.putAll(rotated.get(layer));
                    return inputs;
                })
                .toList();
    }

    private Map<String, NDArray> attention(NDManager owner, long[] documents, int window) {
        Map<String, NDArray> tensors = new LinkedHashMap<>(isFlash ? Map.of() : windows(owner, documents, window));
        // One token of each text reads a cache instead.
        if (Arrays.stream(documents).anyMatch(length -> length > 1)) {
            tensors.putAll(FlashInputs.of(owner, documents, Math.max(0, window - 1), 0));
        }
        return tensors;
    }

    /** Returns the biases of documents that are longer than the sliding window; a window of 0 means no window. */
    public static Map<String, NDArray> windows(NDManager owner, long[] documents, int window) {
        // A token sees itself and the tokens before it.
        return window == 0 ? Map.of() : NearTokens.windows(owner, documents, window - 1, 0);
    }
}
