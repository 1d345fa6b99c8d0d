package io.github.sparkfinetune.core.model.sharded;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.sharded.GatheredTypes.Stretch;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.shard.Cut;
import io.github.sparkfinetune.core.shard.HostRange;
import io.github.sparkfinetune.core.shard.RowRange;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.function.ToLongFunction;

/**
 * Trained weights in F32 that the ranks hold together. Each rank holds its share of them, and gathers the others'
 * shares for as long as it computes with the weights. Weights that only products in BF16 read are gathered in BF16.
 */
public final class ShardedWeights {
    private final Device device;
    private final ScriptModule script;
    private final Collective ranks;
    private final Cut cut;
    private final GatheredTypes types;
    private final NDArray values;
    /** The values in host memory, unless the ranks exchange values on their devices. */
    private final List<HostBuffer> parts;

    /**
     * Takes this rank's share of some weights.
     *
     * @param device device of the weights; its manager owns the share
     * @param script script with the methods of {@code core.tensor.tensors}
     * @param whole the weights, which are copied
     * @param bf16 indices of the weights that are gathered in BF16
     */
    public ShardedWeights(
            Device device, ScriptModule script, Collective ranks, List<NDArray> whole, Set<Integer> bf16) {
        long[] sizes = whole.stream().mapToLong(NDArray::size).toArray();
        this.device = device;
        this.script = script;
        this.ranks = ranks;
        this.cut = new Cut(sizes, ranks.size(), GatheredTypes.kinds(sizes.length, bf16));
        this.types = new GatheredTypes(cut, bf16);
        NDManager manager = device.manager();
        this.values = manager.create(new Shape(cut.size(ranks.rank())), DataType.FLOAT32);
        this.parts = device.exchangesOnDevice() ? List.of() : TensorParts.inHostMemory(manager, device, script, values);
        try (NDManager owner = manager.newSubManager()) {
            for (Cut.Range range : cut.of(ranks.rank())) {
                NDArray own = script.callOne(owner, "stretch", whole.get(range.tensor()), range.from(), range.to());
                script.call(owner, "copy", part(owner, range), own);
            }
        }
    }

    /** Returns the shares of the ranks. */
    public Cut cut() {
        return cut;
    }

    /** Returns this rank's values of a weight, a range of its share, as a view [range's size]. */
    public NDArray part(NDManager owner, Cut.Range part) {
        long offset = cut.offset(ranks.rank(), part);
        return script.callOne(owner, "stretch", values, offset, offset + part.size());
    }

    /** Returns the types in which the weights are gathered. */
    GatheredTypes types() {
        return types;
    }

    /**
     * Gathers all weights.
     *
     * @param owner owner of the weights
     * @param like tensors of their shapes
     */
    public List<NDArray> whole(NDManager owner, List<NDArray> like) {
        GatheredMemory memory = new GatheredMemory(owner, device, script, types);
        Collective.await(gather(memory));
        memory.upload();
        return memory.views(owner, types, like);
    }

    /**
     * Gathers some rows of the only weight, a matrix.
     *
     * @param ids indices of the rows in ascending order, each once; equal on all ranks
     * @param rows receives the rows, F32 [ids, width]
     */
    public void gatherRows(int[] ids, NDArray rows) {
        long width = rows.getShape().get(1);
        List<HostBuffer> target = TensorParts.all(rows.getManager(), device, script, rows);
        List<List<ByteBuffer>> shares = new ArrayList<>();
        for (int rank = 0; rank < ranks.size(); rank++) {
            long start = cut.start(rank);
            RowRange range = RowRange.of(ids, width, start, start + cut.size(rank));
            shares.add(HostRange.of(target, range.from(), range.to()));
            if (rank == ranks.rank()) {
                try (NDManager owner = rows.getManager().newSubManager()) {
                    NDArray tokens =
                            Tensors.of(owner, Arrays.stream(ids).asLongStream().toArray());
                    script.call(owner, "take_row_values", rows, values, start, tokens, range.from(), range.to());
                }
            }
        }
        target.forEach(HostBuffer::download);
        ranks.allGatherInto(shares);
        target.forEach(HostBuffer::upload);
    }

    /**
     * Starts to gather all weights.
     *
     * @param target receives the weights; this rank's values are written to it at once
     */
    Future<?> gather(GatheredMemory target) {
        if (device.exchangesOnDevice()) {
            writeOnDevice(target);
        } else {
            writeInHostMemory(target);
        }
        return Optional.of(types.sections())
                .filter(sections -> cut.isEven())
                .flatMap(target::whole)
                .<Future<?>>map(ranks::allGatherEvenAsync)
                .orElseGet(() -> {
                    List<List<ByteBuffer>> shares = new ArrayList<>();
                    for (int rank = 0; rank < ranks.size(); rank++) {
                        shares.add(types.stretches(cut.of(rank)).stream()
                                .flatMap(stretch -> target.memory(stretch).stream())
                                .toList());
                    }
                    return ranks.allGatherIntoAsync(shares);
                });
    }

    private void writeOnDevice(GatheredMemory target) {
        try (NDManager owner = device.manager().newSubManager()) {
            for (TensorType type : GatheredTypes.ALL) {
                List<Cut.Range> ranges = cut.of(ranks.rank()).stream()
                        .filter(range -> types.stretch(range).type() == type)
                        .toList();
                if (!ranges.isEmpty()) {
                    script.call(
                            owner,
                            "copy_stretches",
                            target.written(type),
                            longs(ranges, range -> types.stretch(range).from()),
                            values,
                            longs(ranges, range -> cut.offset(ranks.rank(), range)),
                            longs(ranges, Cut.Range::size));
                }
            }
        }
    }

    private static long[] longs(List<Cut.Range> ranges, ToLongFunction<Cut.Range> value) {
        return ranges.stream().mapToLong(value).toArray();
    }

    private void writeInHostMemory(GatheredMemory target) {
        parts.forEach(HostBuffer::download);
        for (Cut.Range range : cut.of(ranks.rank())) {
            long offset = cut.offset(ranks.rank(), range);
            Stretch stretch = types.stretch(range);
            // By host memory: an operator's write would end the validity of a recorded graph.
            write(HostRange.of(parts, offset, offset + range.size()), stretch.type(), target.memory(stretch));
        }
    }

    /** Writes F32 values in a type. */
    private static void write(List<ByteBuffer> values, TensorType type, List<ByteBuffer> target) {
        Iterator<ByteBuffer> targets = target.iterator();
        ByteBuffer next = targets.next().duplicate();
        for (ByteBuffer source : values) {
            FloatBuffer rest = source.asFloatBuffer();
            while (rest.hasRemaining()) {
                if (!next.hasRemaining()) {
                    next = targets.next().duplicate();
                }
                int count = Math.min(rest.remaining(), next.remaining() / type.bytes());
                ByteBuffer stretch = next.slice(next.position(), count * type.bytes());
                type.narrow(rest.slice(rest.position(), count), stretch);
                rest.position(rest.position() + count);
                next.position(next.position() + count * type.bytes());
            }
        }
    }
}
