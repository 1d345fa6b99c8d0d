package io.github.sparkfinetune.core.model.batch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;

/**
 * Keys and values of B texts in every layer, [B, kv heads, capacity, head width] each, in the type that layers compute
 * in. Each text has a slot, in which its tokens begin at index 0; indices after a text's last token are not read. So a
 * text can be replaced, and its last tokens can be dropped, without a copy. Owns its memory.
 */
public final class KeyValueCache implements AutoCloseable {
    private final ScriptModule script;
    private final NDManager manager;
    private final ModelShape shape;
    private final LayerInputs inputs;
    private final int room;
    private final List<NDArray> keys = new ArrayList<>();
    private final List<NDArray> values = new ArrayList<>();
    private int[] lengths;
    private int capacity;

    /**
     * Creates a cache of empty slots.
     *
     * @param parent parent of the manager that owns the memory
     * @param inputs source of the layers' windows
     * @param slots number of texts
     * @param length number of tokens of a slot
     * @param room number of tokens by which full slots grow
     */
    public KeyValueCache(
            NDManager parent,
            ScriptModule script,
            ModelShape shape,
            LayerInputs inputs,
            int slots,
            int length,
            int room) {
        this.script = script;
        this.manager = parent.newSubManager();
        this.shape = shape;
        this.inputs = inputs;
        this.room = room;
        this.lengths = new int[slots];
        this.capacity = length;
        long[] extents = {slots, shape.kvHeads(), capacity, shape.headWidth()};
        try (NDArray like = manager.zeros(new Shape(1))) {
            for (int layer = 0; layer < shape.layers(); layer++) {
                keys.add(script.callOne(manager, "empty_cache", extents, like));
                values.add(script.callOne(manager, "empty_cache", extents, like));
            }
        }
    }

    /** Returns the number of texts. */
    public int size() {
        return lengths.length;
    }

    /** Returns the number of tokens of a text. */
    public int length(int slot) {
        return lengths[slot];
    }

    /** Sets the number of tokens of a text, after the layers have written them or to drop the last ones. */
    public void setLength(int slot, int length) {
        lengths[slot] = length;
    }

    /** Grows all slots, if they have fewer tokens. */
    public void reserve(int tokens) {
        if (tokens > capacity) {
            int used = capacity;
            capacity = tokens + room;
            replace(old -> script.callOne(manager, "cache_grown", old, used, capacity));
        }
    }

    /** Returns the tensors of a layer that the script reads and writes: {@code keys}, {@code values}. */
    public Map<String, NDArray> tensors(int layer) {
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        tensors.put("keys", keys.get(layer));
        tensors.put("values", values.get(layer));
        return tensors;
    }

    /**
     * Returns the step that appends tokens to each text.
     *
     * @param owner owner of the step's tensors
     * @param tokens number of new tokens of each text, for which there is room
     */
    public Step append(NDManager owner, int tokens) {
        return new Step(owner, tokens);
    }

    /** Tokens that the layers append to each text. */
    public final class Step {
        private final NDManager owner;
        private final int tokens;
        private final long[] positions;
        private final int shortest = Arrays.stream(lengths).min().orElseThrow();
        private final int end;
        private final Map<String, NDArray> indices;
        /** Biases by window; empty if all new tokens see all indices that a layer reads. */
        private final Map<Integer, Map<String, NDArray>> biases = new HashMap<>();

        private Step(NDManager owner, int tokens) {
            this.owner = owner;
            this.tokens = tokens;
            this.end = Arrays.stream(lengths).max().orElseThrow() + tokens;
            this.positions = Arrays.stream(lengths)
                    .asLongStream()
                    .flatMap(length -> LongStream.range(length, length + tokens))
                    .toArray();
            long[] rows = LongStream.range(0, size()).toArray();
            this.indices = Map.of(
                    "positions",
                    Tensors.of(owner, positions, new Shape(size(), tokens)),
                    "rows",
                    Tensors.of(owner, rows, new Shape(size(), 1)));
        }

        /** Returns the positions of the new tokens, one text after the other. */
        public long[] positions() {
            return positions;
        }

        /** Returns the index of the first token that a layer reads. */
        public int begin(int layer) {
            int window = inputs.window(layer);
            return window == 0 ? 0 : Math.max(0, shortest + 1 - window);
        }

        /** Returns the index after the last token. */
        public int end() {
            return end;
        }

        /** Returns the tensors of a layer that the script reads and writes. */
        public Map<String, NDArray> tensors(int layer) {
            Map<String, NDArray> tensors = KeyValueCache.this.tensors(layer);
            tensors.putAll(indices);
            tensors.putAll(biases.computeIfAbsent(inputs.window(layer), window -> bias(begin(layer), window)));
            return tensors;
        }

        private Map<String, NDArray> bias(int begin, int window) {
            boolean seesAll = tokens == 1 && end == shortest + 1;
            int heads = tokens == 1 ? 1 : shape.heads() / shape.kvHeads();
            return seesAll
                    ? Map.of()
                    : Map.of(
                            "bias",
                            script.callOne(
                                    owner, "hidden_positions", indices.get("positions"), begin, end, window, heads));
        }
    }

    /**
     * Copies the first tokens of a text.
     *
     * @param source cache with the text in its slot {@code from}
     */
    public void copy(KeyValueCache source, int from, int slot) {
        reserve(source.lengths[from]);
        try (NDManager owner = manager.newSubManager()) {
            for (int layer = 0; layer < keys.size(); layer++) {
                int length = source.lengths[from];
                script.call(owner, "copy_cached", keys.get(layer), slot, source.keys.get(layer), from, length);
                script.call(owner, "copy_cached", values.get(layer), slot, source.values.get(layer), from, length);
            }
        }
        lengths[slot] = source.lengths[from];
    }

    /** Keeps some texts, by slot, in a new order. */
    public void keep(int[] slots) {
        lengths = Arrays.stream(slots).map(slot -> lengths[slot]).toArray();
        try (NDArray indices =
                Tensors.of(manager, Arrays.stream(slots).asLongStream().toArray())) {
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
