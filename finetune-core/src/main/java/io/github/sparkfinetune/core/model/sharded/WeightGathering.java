package io.github.sparkfinetune.core.model.sharded;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/**
 * Memory for the layers' {@link ShardedWeights} and {@link ShardedCodes}. Layers of equal size use two memories in
 * turn: while one layer is computed, the next one is gathered. All ranks prepare the same layers in the same order.
 */
public final class WeightGathering {
    private final Device device;
    private final ScriptModule script;
    private final Map<List<Long>, List<Weights>> weights = new HashMap<>();
    private final Map<Integer, List<Codes>> codes = new HashMap<>();
    private final List<Layer> layers = new ArrayList<>();
    private final Map<Object, Integer> indices = new HashMap<>();

    /** Memory for the weights of one layer at a time. */
    private static final class Memory {
        private final Runnable upload;
        private Layer holds;
        private Future<?> gathering;

        /** @param upload copies the weights to the device, once they are there */
        Memory(Runnable upload) {
            this.upload = upload;
        }

        void start(Layer layer) {
            if (!layer.equals(holds)) {
                // A layer that was gathered for a pass that ended above it.
                await();
                holds = layer;
                gathering = layer.gather().get();
            }
        }

        void await() {
            if (gathering != null) {
                Collective.await(gathering);
                gathering = null;
                upload.run();
            }
        }

        void forget() {
            await();
            holds = null;
        }
    }

    /**
     * A layer.
     *
     * @param gather starts to gather its weights into the memory
     * @param isTrained whether its weights change
     */
    private record Layer(Memory memory, Supplier<Future<?>> gather, boolean isTrained) {}

    private record Weights(GatheredMemory values, Memory memory) {}

    /** Codes are widened where they are: in host memory, or on the GPU. */
    private record Codes(CodeMemory bytes, Memory memory) {}

    /** @param device device of the weights; its manager owns the memory */
    public WeightGathering(Device device, ScriptModule script) {
        this.device = device;
        this.script = script;
    }

    /**
     * Adds the next layer.
     *
     * @param like tensors of the shapes of its weights
     * @return the weights' tensors, whose content is undefined unless the layer is {@linkplain #prepare prepared}
     */
    public List<NDArray> add(ShardedWeights shares, List<NDArray> like) {
        GatheredTypes types = shares.types();
        Weights held = weights.computeIfAbsent(types.sizes(), sizes -> List.of(weights(types), weights(types)))
                .get(layers.size() % 2);
        add(shares, new Layer(held.memory(), () -> shares.gather(held.values()), true));
        return held.values().views(device.manager(), types, like);
    }

    private void add(Object share, Layer layer) {
        indices.put(share, layers.size());
        layers.add(layer);
    }

    private Weights weights(GatheredTypes types) {
        GatheredMemory values = new GatheredMemory(device.manager(), device, script, types);
        return new Weights(values, new Memory(values::upload));
    }

    /** Adds the next layer; returns the memory of its codes. */
    CodeMemory add(ShardedCodes shares) {
        Codes held = codes.computeIfAbsent(shares.size(), size -> List.of(codes(size), codes(size)))
                .get(layers.size() % 2);
        add(shares, new Layer(held.memory(), () -> shares.gather(held.bytes()), false));
        return held.bytes();
    }

    private Codes codes(int size) {
        return new Codes(new CodeMemory(device, script, size), new Memory(() -> {}));
    }

    Device device() {
        return device;
    }

    ScriptModule script() {
        return script;
    }

    /** Returns whether no layer has been added. */
    public boolean isEmpty() {
        return layers.isEmpty();
    }

    /**
     * Waits for a layer's weights, and starts to gather those of the next layer.
     *
     * @param share shares of a layer that was added
     * @param isForward whether the next layer is the one above
     */
    public void prepare(Object share, boolean isForward) {
        int index = indices.get(share);
        Layer layer = layers.get(index);
        layer.memory().start(layer);
        layer.memory().await();
        int next = isForward ? index + 1 : index - 1;
        if (next >= 0 && next < layers.size()) {
            layers.get(next).memory().start(layers.get(next));
        }
    }

    /** Forgets gathered weights, after the optimizer has changed the shares. */
    public void updated() {
        layers.stream().filter(Layer::isTrained).forEach(layer -> layer.memory().forget());
    }
}
