package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.optim.Gradient;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.shard.Cut;
import io.github.sparkfinetune.core.shard.HostRange;
import io.github.sparkfinetune.core.shard.RowRange;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;

/**
 * Gradients of which each rank keeps its share. While they are written they are whole, in memory that other buckets use
 * in turn. Then each rank receives the sums of its share.
 */
final class ShardedBucket implements Bucket {
    /**
     * This rank's share of a group.
     *
     * @param before number of values of the bucket's memory before the group
     * @param gradient gradient of the share
     * @param stretches gradient of each range, as views, by section
     * @param parameters the ranges with their gradients
     */
    private record Share(
            GradientGroup group,
            long before,
            NDArray gradient,
            List<List<NDArray>> stretches,
            List<ParameterGradient> parameters) {}

    private final ScriptModule script;
    private final Collective collective;
    private final BucketMemory memory;
    private final List<Share> shares = new ArrayList<>();
    private final List<GradientGroup> groups;
    private final long size;
    private Map<GradientGroup, List<NDArray>> gradients = Map.of();
    private NDArray flat;
    private Future<?> sum;

    /** @param manager owner of the shares */
    ShardedBucket(
            NDManager manager,
            ScriptModule script,
            Collective collective,
            BucketMemory memory,
            List<GradientGroup> groups) {
        this.script = script;
        this.collective = collective;
        this.memory = memory;
        this.groups = List.copyOf(groups);
        this.size = GradientGroup.memory(groups);
        long before = 0;
        for (GradientGroup group : groups) {
            shares.add(share(manager, group, before));
            before += group.cut().memory();
        }
    }

    private Share share(NDManager manager, GradientGroup group, long before) {
        int rank = collective.rank();
        NDArray gradient = manager.zeros(new Shape(group.cut().size(rank)), DataType.FLOAT32);
        List<List<NDArray>> stretches = new ArrayList<>();
        List<ParameterGradient> parameters = new ArrayList<>();
        List<Cut.Range> ranges = group.cut().of(rank);
        for (Cut.Section section : group.cut().sections()) {
            List<NDArray> ofSection = new ArrayList<>();
            for (Cut.Range range : ranges) {
                if (range.tensor() >= section.first() && range.tensor() < section.end()) {
                    long offset = group.cut().offset(rank, range);
                    NDArray stretch = script.callOne(manager, "stretch", gradient, offset, offset + range.size());
                    ofSection.add(stretch);
                    Gradient ofRange = new Gradient.Dense(group.shaped(manager, script, range, stretch));
                    parameters.add(group.share(manager, script, range, ofRange));
                }
            }
            stretches.add(ofSection);
        }
        return new Share(group, before, gradient, List.copyOf(stretches), List.copyOf(parameters));
    }

    @Override
    public List<GradientGroup> groups() {
        return groups;
    }

    @Override
    public void open() {
        flat = memory.take(this);
        if (gradients.isEmpty() || !memory.isKept()) {
            gradients = GradientGroup.paddedViews(memory.owner(), script, flat, groups);
        }
    }

    @Override
    public List<NDArray> gradients(GradientGroup group) {
        return gradients.get(group);
    }

    @Override
    public void complete() {
        HostRange.first(memory.parts(), size).forEach(HostBuffer::download);
        Optional<List<ByteBuffer>> even = even();
        if (even.isPresent()) {
            sum = collective.reduceScatterEvenAsync(even.orElseThrow());
            return;
        }
        List<List<ByteBuffer>> blocks = new ArrayList<>();
        for (int rank = 0; rank < collective.size(); rank++) {
            List<ByteBuffer> block = new ArrayList<>();
            for (Share share : shares) {
                for (Cut.Section section : share.group().cut().sections()) {
                    long from = share.before() + section.position() + section.start(rank);
                    block.addAll(HostRange.of(memory.parts(), from, from + section.size(rank)));
                }
            }
            blocks.add(block);
        }
        sum = collective.reduceScatterAsync(blocks);
    }

    /** Returns the memory of each section, if each is in one buffer and has equal shares; else empty. */
    private Optional<List<ByteBuffer>> even() {
        List<ByteBuffer> memories = new ArrayList<>();
        for (Share share : shares) {
            for (Cut.Section section : share.group().cut().sections()) {
                long from = share.before() + section.position();
                List<ByteBuffer> parts = HostRange.of(memory.parts(), from, from + section.memory());
                if (parts.size() != 1 || !section.isEven()) {
                    return Optional.empty();
                }
                memories.add(parts.get(0));
            }
        }
        return Optional.of(memories);
    }

    @Override
    public void finish() {
        if (sum == null) {
            return;
        }
        Collective.await(sum);
        sum = null;
        HostRange.first(memory.parts(), size).forEach(HostBuffer::upload);
        try (NDManager owner = flat.getManager().newSubManager()) {
            for (Share share : shares) {
                long offset = 0;
                for (Cut.Section section : share.group().cut().sections()) {
                    long from = share.before() + section.position() + section.start(collective.rank());
                    long count = section.size(collective.rank());
                    NDArray own = script.callOne(owner, "stretch", flat, from, from + count);
                    NDArray target = script.callOne(owner, "stretch", share.gradient(), offset, offset + count);
                    script.call(owner, "copy", target, own);
                    offset += count;
                }
            }
        }
        memory.release();
    }

    @Override
    public void addRows(Gradient.LookedUp rows) {
        GradientGroup table = shares.get(0).group();
        NDArray share = shares.get(0).gradient();
        long from = table.cut().start(collective.rank());
        RowRange range = RowRange.of(rows.ids(), table.parameters().get(0).shape()[1], from, from + share.size());
        try (NDManager owner = share.getManager().newSubManager()) {
            NDArray ids = Tensors.of(owner, rows.longIds());
            script.call(owner, "add_row_values", share, from, ids, rows.rows(), range.from(), range.to());
        }
    }

    @Override
    public List<ParameterGradient> parameters(GradientGroup group) {
        return shares.stream()
                .filter(share -> share.group().equals(group))
                .flatMap(share -> share.parameters().stream())
                .toList();
    }

    @Override
    public List<float[]> norms(NDManager owner) {
        return shares.stream()
                .flatMap(share -> share.stretches().stream()
                        .map(section -> GradientNorms.of(
                                owner, script, section, share.group().cut().unit())))
                .toList();
    }
}
