package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.sharded.ShardedWeights;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.model.weight.ParameterGroup;
import io.github.sparkfinetune.core.optim.Gradient;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.shard.Cut;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Trained parameters whose gradients are complete at the same time.
 *
 * @param owner identity of the group: a {@code ParameterGroup}, or the embedding table's parameter
 * @param depth distance from the head, see {@link ParameterGradient#depth}
 * @param cut shares of the ranks
 * @param sharded this rank's share of the parameters, or empty if this rank holds them whole
 */
record GradientGroup(Object owner, List<Parameter> parameters, int depth, Cut cut, Optional<ShardedWeights> sharded) {
    GradientGroup {
        parameters = List.copyOf(parameters);
    }

    /** Returns whether it is this group. The components would be compared by the values of their tensors. */
    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    /** Returns the number of a model's layers. */
    static int layers(Model model) {
        return (int) model.blocks().stream()
                .filter(block -> block.kind() == BlockKind.LAYER)
                .count();
    }

    /** Returns the distance of a group from the head. */
    static int depth(ParameterGroup block, int layers) {
        return switch (block.kind()) {
            case EMBEDDINGS -> 1 + layers;
            case LAYER -> layers - block.layer();
            case HEAD -> 0;
        };
    }

    /** @param ranks number of ranks that share the parameters, 1 if they do not */
    static GradientGroup of(
            Object owner, List<Parameter> parameters, int depth, int ranks, Optional<ShardedWeights> sharded) {
        long[] sizes = parameters.stream().mapToLong(Parameter::size).toArray();
        Cut cut = sharded.map(ShardedWeights::cut).orElseGet(() -> new Cut(sizes, ranks));
        return new GradientGroup(owner, parameters, depth, cut, sharded);
    }

    /**
     * Returns what a rank updates, with its gradients.
     *
     * @param whole gradient of each parameter
     */
    List<ParameterGradient> updated(
            NDManager manager, ScriptModule script, Collective collective, List<? extends Gradient> whole) {
        int rank = cut.ranks() == 1 ? 0 : collective.rank();
        return cut.of(rank).stream()
                .map(range -> share(manager, script, range, part(manager, script, range, whole.get(range.tensor()))))
                .toList();
    }

    private Gradient part(NDManager manager, ScriptModule script, Cut.Range range, Gradient whole) {
        boolean isWhole = range.size() == parameters.get(range.tensor()).size();
        return isWhole ? whole : whole.part(manager, script, range.from(), range.to());
    }

    /** Returns values of a range, in the parameter's shape if they are all of its values. */
    NDArray shaped(NDManager manager, ScriptModule script, Cut.Range range, NDArray values) {
        NDArray whole = parameters.get(range.tensor()).value();
        return range.size() == whole.size() ? script.callOne(manager, "view_like", values, whole) : values;
    }

    /** Returns the number of values of some groups. */
    static long size(List<GradientGroup> groups) {
        return groups.stream().mapToLong(GradientGroup::size).sum();
    }

    /**
     * Returns views of a tensor that holds the values of some groups in its last dimension, by group. A view has the
     * tensor's other dimensions, then those of the parameter.
     */
    static Map<GradientGroup, List<NDArray>> views(
            NDManager owner, ScriptModule script, NDArray flat, List<GradientGroup> groups) {
        List<NDArray> like = groups.stream()
                .flatMap(group -> group.parameters().stream().map(Parameter::value))
                .toList();
        List<NDArray> all = script.call(owner, "views_like", flat, like);
        Map<GradientGroup, List<NDArray>> views = new LinkedHashMap<>();
        int first = 0;
        for (GradientGroup group : groups) {
            int end = first + group.parameters().size();
            views.put(group, all.subList(first, end));
            first = end;
        }
        return views;
    }

    /** Returns the number of values of memory for some groups of which ranks have shares. */
    static long memory(List<GradientGroup> groups) {
        return groups.stream().mapToLong(group -> group.cut().memory()).sum();
    }

    /** Returns views of a tensor that holds the {@link #memory} of some groups, by group. */
    static Map<GradientGroup, List<NDArray>> paddedViews(
            NDManager owner, ScriptModule script, NDArray flat, List<GradientGroup> groups) {
        Map<GradientGroup, List<NDArray>> views = new LinkedHashMap<>();
        long before = 0;
        for (GradientGroup group : groups) {
            long first = before;
            long[] starts = Arrays.stream(group.cut().positions())
                    .map(position -> first + position)
                    .toArray();
            List<NDArray> like =
                    group.parameters().stream().map(Parameter::value).toList();
            views.put(group, script.call(owner, "views_at", flat, starts, like));
            before += group.cut().memory();
        }
        return views;
    }

    long size() {
        return parameters.stream().mapToLong(Parameter::size).sum();
    }

    /**
     * Returns a rank's share of a parameter with its gradient.
     *
     * @param gradient gradient of the share
     */
    ParameterGradient share(NDManager manager, ScriptModule script, Cut.Range range, Gradient gradient) {
        Parameter whole = parameters.get(range.tensor());
        NDArray value = whole.value();
        if (sharded.isPresent()) {
            value = shaped(manager, script, range, sharded.orElseThrow().part(manager, range));
        } else if (range.size() < whole.size()) {
            value = script.callOne(manager, "stretch", value, range.from(), range.to());
        }
        return new ParameterGradient(whole.part(range.from(), range.to(), value), gradient, depth);
    }
}
