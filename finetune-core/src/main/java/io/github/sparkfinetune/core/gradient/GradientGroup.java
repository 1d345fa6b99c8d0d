package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.model.weight.ShardedWeights;
import io.github.sparkfinetune.core.optim.Gradient;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.shard.Cut;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.List;
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

    /** @param ranks number of ranks that share the parameters, 1 if they do not */
    static GradientGroup of(
            Object owner, List<Parameter> parameters, int depth, int ranks, Optional<ShardedWeights> sharded) {
        long[] sizes = parameters.stream().mapToLong(Parameter::size).toArray();
        Cut cut = sharded.map(ShardedWeights::cut).orElseGet(() -> new Cut(sizes, ranks));
        return new GradientGroup(owner, parameters, depth, cut, sharded);
    }

    /** Returns values of a range, in the parameter's shape if they are all of its values. */
    NDArray shaped(NDManager manager, ScriptModule script, Cut.Range range, NDArray values) {
        NDArray whole = parameters.get(range.tensor()).value();
        return range.size() == whole.size() ? script.callOne(manager, "view_like", values, whole) : values;
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
