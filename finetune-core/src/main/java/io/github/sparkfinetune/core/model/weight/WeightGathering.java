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

/**
 * Memory for the layers' {@link ShardedWeights} and {@link ShardedCodes}. Layers of equal size use two memories in
 * turn: while one layer is computed, the next one is gathered. All ranks prepare the same layers in the same order.
 */
public final class WeightGathering {
    private final Device device;
    private final ScriptModule script;
    private final Map<Long, List<Tensor>> tensors = new HashMap<>();
    private final Map<Integer, List<Codes>> codes = new HashMap<>();
    private final List<Object> layers = new ArrayList<>();
    private final Map<Object, Memory<?>> memories = new HashMap<>();

    /** Memory for the weights of one layer at a time. */
    private abstract static class Memory<W> {
        private Object holds;
        private Future<?> gathering;

        /** Starts to gather weights. */
        abstract Future<?> gather(W weights);

        /** Copies gathered weights to the device. */
        abstract void upload();

        @SuppressWarnings("unchecked")
        final void start(Object weights) {
            if (holds != weights) {
                // A layer that was gathered for a pass that ended above it.
                await();
                holds = weights;
                gathering = gather((W) weights);
            }
        }

        final void await() {
            if (gathering != null) {
                Collective.await(gathering);
                gathering = null;
                upload();
            }
        }

        final void forget() {
            await();
            holds = null;
        }
    }

    private static final class Tensor extends Memory<ShardedWeights> {
        private final NDArray flat;
        private final List<HostBuffer> parts;

        Tensor(NDArray flat, List<HostBuffer> parts) {
            this.flat = flat;
            this.parts = parts;
        }

        @Override
        Future<?> gather(ShardedWeights weights) {
            return weights.gather(parts);
        }

        @Override
        void upload() {
            parts.forEach(HostBuffer::upload);
        }
    }

    private static final class Codes extends Memory<ShardedCodes> {
        private final ByteBuffer bytes;

        Codes(int size) {
            this.bytes = ByteBuffer.allocateDirect(size);
        }

        @Override
        Future<?> gather(ShardedCodes weights) {
            return weights.gather(bytes);
        }

        @Override
        void upload() {
            // The codes are widened in host memory.
        }
    }

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
        Tensor memory = tensors.computeIfAbsent(weights.size(), size -> List.of(tensor(size), tensor(size)))
                .get(layers.size() % 2);
        layers.add(weights);
        memories.put(weights, memory);
        return script.call(device.manager(), "views_like", memory.flat, like);
    }

    private Tensor tensor(long size) {
        NDManager manager = device.manager();
        NDArray flat = manager.create(new Shape(size), DataType.FLOAT32);
        return new Tensor(flat, TensorParts.inHostMemory(manager, device, script, flat));
    }

    /** Adds the next layer; returns the memory of its codes. */
    ByteBuffer add(ShardedCodes weights) {
        Codes memory = codes.computeIfAbsent(weights.size(), size -> List.of(new Codes(size), new Codes(size)))
                .get(layers.size() % 2);
        layers.add(weights);
        memories.put(weights, memory);
        return memory.bytes;
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
        int index = 0;
        while (layers.get(index) != weights) {
            index++;
        }
        Memory<?> memory = memories.get(weights);
        memory.start(weights);
        memory.await();
        int next = isForward ? index + 1 : index - 1;
        if (next >= 0 && next < layers.size()) {
            memories.get(layers.get(next)).start(layers.get(next));
        }
    }

    /** Forgets gathered weights, after the optimizer has changed the shares. */
    public void updated() {
        layers.stream()
                .filter(ShardedWeights.class::isInstance)
                .forEach(layer -> memories.get(layer).forget());
    }
}
