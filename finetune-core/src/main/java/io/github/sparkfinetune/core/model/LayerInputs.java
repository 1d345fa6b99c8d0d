package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.LayerAttention;
import io.github.sparkfinetune.core.arch.RotaryPositions;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a decoder's layers read of a batch besides their input: with rotary positions {@code cos} and {@code sin} of the
 * tokens' angles [N, 1, r / 2]; for each length L of documents that are longer than the layer's sliding window
 * {@code window.L} [L, L], 0 where a token is seen, else -inf. Layers of equal facts share it.
 */
final class LayerInputs {
    private final ScriptModule script;
    private final List<LayerAttention> layers;
    private final Map<RotaryPositions, NDArray> frequencies = new HashMap<>();

    /** @param manager owner of what turns positions into rotations, made once a model */
    LayerInputs(NDManager manager, ScriptModule script, DecoderArchitecture architecture) {
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

    static NDArray frequencies(NDManager manager, ScriptModule script, RotaryPositions rotary) {
        try (NDManager owner = manager.newSubManager()) {
            float[] inverse = script.callOne(owner, "periods", rotary.width(), rotary.theta(), owner.create(0f))
                    .toFloatArray();
            return manager.create(rotary.frequencies(inverse));
        }
    }

    /** Tokens that a token of a layer sees, or 0 for all before it. */
    int window(int layer) {
        return layers.get(layer).window();
    }

    /**
     * Each layer's.
     *
     * @param documents tokens of each document
     * @param positions of the tokens in their documents [N], I64
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

    /** Returns the biases of documents that are longer than the sliding window, 0 for none. */
    static Map<String, NDArray> windows(NDManager owner, long[] documents, int window) {
        // A token sees itself and the tokens before it.
        return window == 0 ? Map.of() : NearTokens.windows(owner, documents, window - 1, 0);
    }
}
