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
 * Tensors of a batch that a decoder's layers read besides their input: those of {@link Rotations} and of
 * {@link FlashInputs}. Layers with equal windows share their tensors.
 */
public final class LayerInputs {
    private final List<LayerAttention> layers;
    private final Rotations rotations;

    /** @param manager owner of the rotary frequencies, which are computed once per model */
    public LayerInputs(NDManager manager, ScriptModule script, DecoderArchitecture architecture) {
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

    private static Map<String, NDArray> attention(NDManager owner, long[] documents, int window) {
        // One token of each text reads a cache instead.
        return Arrays.stream(documents).allMatch(length -> length == 1)
                ? Map.of()
                : FlashInputs.of(owner, documents, window - 1, 0);
    }
}
