package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.ByteBuffer;
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
    private final Map<Long, List<Tensor>> tensors = new HashMap<>();
    private final Map<Integer, List<Codes>> codes = new HashMap<>();
    private final List<Layer> layers = new ArrayList<>();
    private final Map<Object, Integer> indices = new HashMap<>();

    /** Memory for the weights of one layer at a time. */
    private static final class Memory {
        private final List<HostBuffer> uploaded;
        private Layer holds;
        private Future<?> gathering;

        /** @param uploaded host memory that is copied to the device once the weights are there */
        Memory(List<HostBuffer> uploaded) {
            this.uploaded = uploaded;
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
                uploaded.forEach(HostBuffer::upload);
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

    private record Tensor(NDArray flat, List<HostBuffer> parts, Memory memory) {}

    /** Codes stay in host memory, where they are widened. */
    private record Codes(ByteBuffer bytes, Memory memory) {}

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
    public List<NDArray> add(ShardedWeights weights, List<NDArray> like) {
        Tensor tensor = tensors.computeIfAbsent(weights.size(), size -> List.of(tensor(size), tensor(size)))
                .get(layers.size() % 2);
        add(weights, new Layer(tensor.memory(), () -> weights.gather(tensor.parts()), true));
        return script.call(device.manager(), "views_like", tensor.flat(), like);
    }

    private void add(Object share, Layer layer) {
        indices.put(share, layers.size());
        layers.add(layer);
    }

    private Tensor tensor(long size) {
        NDManager manager = device.manager();
        NDArray flat = manager.create(new Shape(size), DataType.FLOAT32);
        List<HostBuffer> parts = TensorParts.inHostMemory(manager, device, script, flat);
        return new Tensor(flat, parts, new Memory(parts));
    }

    /** Adds the next layer; returns the memory of its codes. */
    ByteBuffer add(ShardedCodes weights) {
        Codes held = codes.computeIfAbsent(weights.size(), size -> List.of(codes(size), codes(size)))
                .get(layers.size() % 2);
        add(weights, new Layer(held.memory(), () -> weights.gather(held.bytes()), false));
        return held.bytes();
    }

    private static Codes codes(int size) {
        return new Codes(ByteBuffer.allocateDirect(size), new Memory(List.of()));
    }

    /** Returns whether no layer has been added. */
    public boolean isEmpty() {
        return layers.isEmpty();
    }

    /**
     * Waits for a layer's weights, and starts to gather those of the next layer.
     *
     * @param weights shares of a layer that was added
     * @param isForward whether the next layer is the one above
     */
    public void prepare(Object weights, boolean isForward) {
        int index = indices.get(weights);
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
