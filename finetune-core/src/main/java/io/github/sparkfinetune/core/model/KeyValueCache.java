package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.arch.DecoderShape;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The keys and values of B sequences in every layer, [B, kv heads, capacity, head width] each. The sequences end at the
 * same place, so that a new token of each is written by one copy and a sliding window is one slice; shorter ones start
 * later, and the places before a start are zeros. Owns its memory.
 */
final class KeyValueCache implements AutoCloseable {
    private final ScriptModule script;
    private final NDManager manager;
    private final LayerInputs inputs;
    private final int room;
    private final List<NDArray> keys = new ArrayList<>();
    private final List<NDArray> values = new ArrayList<>();
    private long[] starts;
    private int end;
    private int capacity;

    /**
     * A cache with room for prompts and the first tokens that follow them.
     *
     * @param parent of the manager that owns the memory
     * @param inputs knows the layers' windows
     * @param lengths of the prompts
     * @param room places that it has after the prompts, and grows by when these are taken
     */
    KeyValueCache(
            NDManager parent, ScriptModule script, DecoderShape shape, LayerInputs inputs, int[] lengths, int room) {
        this.script = script;
        this.manager = parent.newSubManager();
        this.inputs = inputs;
        this.room = room;
        this.end = Arrays.stream(lengths).max().orElseThrow();
        this.starts = Arrays.stream(lengths).mapToLong(length -> end - length).toArray();
        this.capacity = end + room;
        Shape extents = new Shape(lengths.length, shape.kvHeads(), capacity, shape.headWidth());
        for (int layer = 0; layer < shape.layers(); layer++) {
            keys.add(manager.zeros(extents));
            values.add(manager.zeros(extents));
        }
    }

    /** What the text reads and writes of a layer: {@code keys}, {@code values}, and the bias where there is one. */
    Map<String, NDArray> tensors(int layer, Optional<NDArray> bias) {
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        tensors.put("keys", keys.get(layer));
        tensors.put("values", values.get(layer));
        bias.ifPresent(some -> tensors.put("bias", some));
        return tensors;
    }

    /** Number of sequences. */
    int size() {
        return starts.length;
    }

    /** Places in use. */
    int end() {
        return end;
    }

    /** First place that the token at the last place sees in any of the sequences in a layer. */
    int begin(int layer) {
        int window = inputs.window(layer);
        int first = (int) Arrays.stream(starts).min().orElseThrow();
        return window == 0 ? first : Math.max(first, end - window);
    }

    /** Position of the token at the last place in each sequence. */
    long[] positions() {
        return Arrays.stream(starts).map(start -> end - 1 - start).toArray();
    }

    /** Takes one more place, to be filled with one token of each sequence. */
    void extend() {
        if (end == capacity) {
            capacity += room;
            replace(old -> script.callOne(manager, "cache_grown", old, end, capacity));
        }
        end++;
    }

    /** What hides the places before a sequence's start, none where there are none from {@code begin} on. */
    Optional<NDArray> bias(NDManager owner, int begin) {
        if (Arrays.stream(starts).max().orElseThrow() <= begin) {
            return Optional.empty();
        }
        return Optional.of(script.callOne(owner, "hidden_places", Tensors.of(owner, starts), begin, end));
    }

    /** Keeps some of the sequences, by their numbers. */
    void keep(int[] rows) {
        starts = Arrays.stream(rows).mapToLong(row -> starts[row]).toArray();
        try (NDArray indexes =
                Tensors.of(manager, Arrays.stream(rows).asLongStream().toArray())) {
            replace(old -> script.callOne(manager, "select_rows", old, indexes));
        }
    }

    private void replace(UnaryOperator<NDArray> copy) {
        for (List<NDArray> all : List.of(keys, values)) {
            all.replaceAll(old -> {
                NDArray copied = copy.apply(old);
                old.close();
                return copied;
            });
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
