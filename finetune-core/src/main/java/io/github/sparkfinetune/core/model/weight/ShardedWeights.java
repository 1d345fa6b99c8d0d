package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.shard.Cut;
import io.github.sparkfinetune.core.shard.HostRange;
import io.github.sparkfinetune.core.shard.RowRange;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Future;

/**
 * Trained weights in F32 that the ranks hold together. Each rank holds its share of them, and gathers the others'
 * shares for as long as it computes with the weights.
 */
public final class ShardedWeights {
    private final Device device;
    private final ScriptModule script;
    private final Collective ranks;
    private final Cut cut;
    private final NDArray values;
    private final List<HostBuffer> parts;

    /**
     * Takes this rank's share of some weights.
     *
     * @param device device of the weights; its manager owns the share
     * @param script script with the methods of {@code core.tensor.tensors}
     * @param whole the weights, which are copied
     */
    public ShardedWeights(Device device, ScriptModule script, Collective ranks, List<NDArray> whole) {
        this.device = device;
        this.script = script;
        this.ranks = ranks;
        this.cut = new Cut(whole.stream().mapToLong(NDArray::size).toArray(), ranks.size());
        NDManager manager = device.manager();
        this.values = manager.create(new Shape(cut.size(ranks.rank())), DataType.FLOAT32);
        this.parts = TensorParts.inHostMemory(manager, device, script, values);
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

    /** Returns the number of values of all ranks. */
    long size() {
        return cut.start(ranks.size() - 1) + cut.size(ranks.size() - 1);
    }

    /**
     * Gathers all weights.
     *
     * @param owner owner of the weights
     * @param like tensors of their shapes
     */
    public List<NDArray> whole(NDManager owner, List<NDArray> like) {
        NDArray flat = owner.create(new Shape(size()), DataType.FLOAT32);
        List<HostBuffer> target = TensorParts.inHostMemory(owner, device, script, flat);
        Collective.await(gather(target));
        target.forEach(HostBuffer::upload);
        return script.call(owner, "views_like", flat, like);
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
     * @param target host memory of a tensor for all values; this rank's values are written to it at once
     */
    Future<?> gather(List<HostBuffer> target) {
        parts.forEach(HostBuffer::download);
        List<List<ByteBuffer>> shares = new ArrayList<>();
        for (int rank = 0; rank < ranks.size(); rank++) {
            shares.add(HostRange.of(target, cut.start(rank), cut.start(rank) + cut.size(rank)));
        }
        // By host memory: an operator's write would end the validity of a recorded graph.
        copy(HostRange.of(parts, 0, values.size()), shares.get(ranks.rank()));
        return ranks.allGatherIntoAsync(shares);
    }

    private static void copy(List<ByteBuffer> from, List<ByteBuffer> to) {
        int next = 0;
        for (ByteBuffer source : from) {
            ByteBuffer rest = source.duplicate();
            while (rest.hasRemaining()) {
                ByteBuffer target = to.get(next);
                int length = Math.min(rest.remaining(), target.remaining());
                target.put(target.position(), rest, rest.position(), length);
                rest.position(rest.position() + length);
                if (length == target.remaining()) {
                    next++;
                } else {
                    to.set(next, target.slice(target.position() + length, target.remaining() - length));
                }
            }
        }
    }
}
