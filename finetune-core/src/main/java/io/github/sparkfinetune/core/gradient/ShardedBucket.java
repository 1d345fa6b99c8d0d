package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.weight.Parameter;
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
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;

/**
 * Gradients of which each rank keeps its share. While they are written they are whole, in memory that other buckets use
 * in turn. Then each rank receives the sums of its share.
 */
final class ShardedBucket implements Bucket {
    private final ScriptModule script;
    private final Collective collective;
    private final BucketMemory memory;
    private final List<GradientGroup> groups;
    /** This rank's share of each group. */
    private final Map<GradientGroup, NDArray> shares = new LinkedHashMap<>();

    private final Map<GradientGroup, List<ParameterGradient>> parameters = new HashMap<>();
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
        for (GradientGroup group : groups) {
            NDArray share = manager.zeros(new Shape(group.cut().size(collective.rank())), DataType.FLOAT32);
            shares.put(group, share);
            List<ParameterGradient> updated = new ArrayList<>();
            long at = 0;
            for (Cut.Range range : group.cut().of(collective.rank())) {
                NDArray gradient = script.callOne(manager, "stretch", share, at, at + range.size());
                NDArray shaped = group.shaped(manager, script, range, gradient);
                updated.add(group.share(manager, script, range, new Gradient.Dense(shaped)));
                at += range.size();
            }
            parameters.put(group, updated);
        }
    }

    private long size() {
        return groups.stream().mapToLong(GradientGroup::size).sum();
    }

    @Override
    public List<GradientGroup> groups() {
        return groups;
    }

    @Override
    public void open() {
        flat = memory.take(this);
        if (gradients.isEmpty() || !memory.isKept()) {
            gradients = views();
        }
    }

    private Map<GradientGroup, List<NDArray>> views() {
        List<NDArray> like = groups.stream()
                .flatMap(group -> group.parameters().stream().map(Parameter::value))
                .toList();
        List<NDArray> all = script.call(memory.owner(), "views_like", flat, like);
        Map<GradientGroup, List<NDArray>> views = new HashMap<>();
        int first = 0;
        for (GradientGroup group : groups) {
            int end = first + group.parameters().size();
            views.put(group, all.subList(first, end));
            first = end;
        }
        return views;
    }

    @Override
    public List<NDArray> gradients(GradientGroup group) {
        return gradients.get(group);
    }

    @Override
    public void complete() {
        HostRange.first(memory.parts(), size()).forEach(HostBuffer::download);
        List<List<ByteBuffer>> blocks = new ArrayList<>();
        for (int rank = 0; rank < collective.size(); rank++) {
            List<ByteBuffer> block = new ArrayList<>();
            long before = 0;
            for (GradientGroup group : groups) {
                Cut cut = group.cut();
                block.addAll(HostRange.of(
                        memory.parts(), before + cut.start(rank), before + cut.start(rank) + cut.size(rank)));
                before += group.size();
            }
            blocks.add(block);
        }
        sum = collective.reduceScatterAsync(blocks);
    }

    @Override
    public void finish() {
        if (sum == null) {
            return;
        }
        Collective.await(sum);
        sum = null;
        HostRange.first(memory.parts(), size()).forEach(HostBuffer::upload);
        try (NDManager owner = flat.getManager().newSubManager()) {
            long before = 0;
            for (GradientGroup group : groups) {
                long from = before + group.cut().start(collective.rank());
                NDArray share = shares.get(group);
                script.call(owner, "copy", share, script.callOne(owner, "stretch", flat, from, from + share.size()));
                before += group.size();
            }
        }
        memory.release();
    }

    @Override
    public void addRows(Gradient.LookedUp rows) {
        GradientGroup group = groups.get(0);
        long from = group.cut().start(collective.rank());
        NDArray share = shares.get(group);
        RowRange range = RowRange.of(rows.ids(), group.parameters().get(0).shape()[1], from, from + share.size());
        try (NDManager owner = share.getManager().newSubManager()) {
            NDArray ids = Tensors.of(owner, rows.longIds());
            script.call(owner, "add_row_values", share, from, ids, rows.rows(), range.from(), range.to());
        }
    }

    @Override
    public List<ParameterGradient> parameters(GradientGroup group) {
        return parameters.get(group);
    }

    @Override
    public List<float[]> norms(NDManager owner) {
        List<float[]> norms = new ArrayList<>();
        for (GradientGroup group : groups) {
            List<NDArray> stretches = new ArrayList<>();
            long at = 0;
            for (Cut.Range range : group.cut().of(collective.rank())) {
                stretches.add(script.callOne(owner, "stretch", shares.get(group), at, at + range.size()));
                at += range.size();
            }
            norms.add(GradientNorms.of(owner, script, stretches, group.cut().unit()));
        }
        return norms;
    }
}
