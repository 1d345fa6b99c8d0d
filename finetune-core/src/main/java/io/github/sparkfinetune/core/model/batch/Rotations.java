package io.github.sparkfinetune.core.model.batch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.rope.RotaryPositions;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Rotary positions of a model's layers as tensors of a batch: {@code cos} and {@code sin} of the tokens' angles, [N, 1,
 * r / 2]. Layers with equal rotary positions share their tensors. Layers without rotary positions have none.
 */
public final class Rotations {
    private final ScriptModule script;
    private final List<Optional<RotaryPositions>> layers;
    private final Map<RotaryPositions, NDArray> frequencies = new HashMap<>();

    /**
     * @param manager owner of the frequencies, which are computed once per model
     * @param script script with the methods of {@code core.model.rope}, if a layer has rotary positions
     * @param layers rotary positions of each layer
     */
    public Rotations(NDManager manager, ScriptModule script, List<Optional<RotaryPositions>> layers) {
        this.script = script;
        this.layers = List.copyOf(layers);
        layers.stream()
                .flatMap(Optional::stream)
                .distinct()
                .forEach(rotary -> frequencies.put(rotary, frequencies(manager, script, rotary)));
    }

    /** Returns the frequencies of rotary positions, [r / 2]. */
    public static NDArray frequencies(NDManager manager, ScriptModule script, RotaryPositions rotary) {
        try (NDManager owner = manager.newSubManager()) {
            float[] inverse = script.callOne(owner, "periods", rotary.width(), rotary.theta(), owner.create(0f))
                    .toFloatArray();
            return manager.create(rotary.frequencies(inverse));
        }
    }

    /** Returns whether no layer has rotary positions. */
    boolean isEmpty() {
        return frequencies.isEmpty();
    }

    /**
     * Returns the tensors of each layer.
     *
     * @param positions positions of the tokens in their documents, [N], I64
     */
    List<Map<String, NDArray>> of(NDManager owner, NDArray positions) {
        Map<RotaryPositions, Map<String, NDArray>> rotations = new HashMap<>();
        frequencies.forEach((rotary, each) ->
                rotations.put(rotary, script.callNamed(owner, "rotations", positions, each, rotary.factor())));
        return layers.stream()
                .map(rotary -> rotary.map(rotations::get).orElse(Map.of()))
                .toList();
    }
}
