package io.github.sparkfinetune.core.model.batch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.LayerAttention;
import io.github.sparkfinetune.core.arch.rope.RotaryPositions;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Tensors of a batch that a decoder's layers read besides their input. With rotary positions: {@code cos} and
 * {@code sin} of the tokens' angles, [N, 1, r / 2]. For each length L of documents that are longer than the layer's
 * sliding window: {@code window.L} [L, L], 0 where a token sees another token, else -inf. Layers with equal attention
 * settings share their tensors.
 */
public final class LayerInputs {
    private final ScriptModule script;
    private final List<LayerAttention> layers;
    private final Map<RotaryPositions, NDArray> frequencies = new HashMap<>();

    /** @param manager owner of the rotary frequencies, which are computed once per model */
    public LayerInputs(NDManager manager, ScriptModule script, DecoderArchitecture architecture) {
        this.script = script;
        this.layers = IntStream.range(0, architecture.shape().layers())
                .mapToObj(architecture::attention)
                .toList();
        layers.stream()
                .map(LayerAttention::rotary)
                .flatMap(Optional::stream)
                .distinct()
                .forEach(rotary -> frequencies.put(rotary, frequencies(manager, script, rotary)));
    }

    public static NDArray frequencies(NDManager manager, ScriptModule script, RotaryPositions rotary) {
        try (NDManager owner = manager.newSubManager()) {
            float[] inverse = script.callOne(owner, "periods", rotary.width(), rotary.theta(), owner.create(0f))
                    .toFloatArray();
            return manager.create(rotary.frequencies(inverse));
        }
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
        Map<RotaryPositions, Map<String, NDArray>> rotations = new HashMap<>();
        Map<Integer, Map<String, NDArray>> windows = new HashMap<>();
        Map<LayerAttention, Map<String, NDArray>> inputs = new HashMap<>();
        for (LayerAttention layer : layers) {
            if (!inputs.containsKey(layer)) {
                Map<String, NDArray> all = new LinkedHashMap<>(
                        windows.computeIfAbsent(layer.window(), window -> windows(owner, documents, window)));
                layer.rotary()
                        .ifPresent(rotary -> all.putAll(
                                rotations.computeIfAbsent(rotary, some -> rotations(owner, positions, some))));
                inputs.put(layer, all);
            }
        }
        return layers.stream().map(inputs::get).toList();
    }

    private Map<String, NDArray> rotations(NDManager owner, NDArray positions, RotaryPositions rotary) {
        return script.callNamed(owner, "rotations", positions, frequencies.get(rotary), rotary.factor());
    }

    /** Returns the biases of documents that are longer than the sliding window; a window of 0 means no window. */
    public static Map<String, NDArray> windows(NDManager owner, long[] documents, int window) {
        // A token sees itself and the tokens before it.
        return window == 0 ? Map.of() : NearTokens.windows(owner, documents, window - 1, 0);
    }
}
