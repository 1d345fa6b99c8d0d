package io.github.sparkfinetune.core.model.batch;

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
 * Keys and values of B sequences in every layer, [B, kv heads, capacity, head width] each. All sequences end at the
 * same slot. So one copy writes a new token of each sequence, and a sliding window is one slice. Shorter sequences
 * start at a later slot; the slots before the start are zeros. Owns its memory.
 */
public final class KeyValueCache implements AutoCloseable {
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
     * Creates a cache with room for the prompts and the first tokens after them.
     *
     * @param parent parent of the manager that owns the memory
     * @param inputs source of the layers' windows
     * @param lengths lengths of the prompts
     * @param room number of slots after the prompts; a full cache grows by as many
     */
    public KeyValueCache(
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

    /** Returns the tensors of a layer that the script reads and writes: {@code keys}, {@code values}, any bias. */
    public Map<String, NDArray> tensors(int layer, Optional<NDArray> bias) {
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        tensors.put("keys", keys.get(layer));
        tensors.put("values", values.get(layer));
        bias.ifPresent(some -> tensors.put("bias", some));
        return tensors;
    }

    /** Returns the number of sequences. */
    public int size() {
        return starts.length;
    }

    /** Returns the number of slots in use. */
    public int end() {
        return end;
    }

    /** Returns the first slot that the last token of any sequence attends to in a layer. */
    public int begin(int layer) {
        int window = inputs.window(layer);
        int first = (int) Arrays.stream(starts).min().orElseThrow();
        return window == 0 ? first : Math.max(first, end - window);
    }

    /** Returns the position of each sequence's last token. */
    public long[] positions() {
        return Arrays.stream(starts).map(start -> end - 1 - start).toArray();
    }

    /** Adds a slot for one token of each sequence. */
    public void extend() {
        if (end == capacity) {
            capacity += room;
            replace(old -> script.callOne(manager, "cache_grown", old, end, capacity));
        }
        end++;
    }

    /** Returns the bias that hides slots before a sequence's start, or empty if all start by {@code begin}. */
    public Optional<NDArray> bias(NDManager owner, int begin) {
        if (Arrays.stream(starts).max().orElseThrow() <= begin) {
            return Optional.empty();
        }
        return Optional.of(script.callOne(owner, "hidden_positions", Tensors.of(owner, starts), begin, end));
    }

    /** Keeps some sequences, by index. */
    public void keep(int[] rows) {
        starts = Arrays.stream(rows).mapToLong(row -> starts[row]).toArray();
        try (NDArray indices =
                Tensors.of(manager, Arrays.stream(rows).asLongStream().toArray())) {
            replace(old -> script.callOne(manager, "select_rows", old, indices));
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
