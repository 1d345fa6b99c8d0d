package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.shard.Cut;
import io.github.sparkfinetune.core.shard.SmallUnits;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Shares of parameters, cut as finely as {@link AdamW} allows. */
final class ParameterShares {
    private ParameterShares() {}

    /** Returns each rank's shares, which have the memory of the parameters and of their gradients. */
    static List<List<ParameterGradient>> of(NDManager manager, List<ParameterGradient> parameters, int ranks)
            throws Exception {
        ScriptModule script = ScriptModule.load(manager, List.of("core.tensor.tensors"), Map.of());
        long[] sizes = parameters.stream()
                .mapToLong(trained -> trained.parameter().size())
                .toArray();
        Cut cut = SmallUnits.call(AdamW.STRETCH, () -> new Cut(sizes, ranks));
        return IntStream.range(0, ranks)
                .mapToObj(rank -> cut.of(rank).stream()
                        .map(range -> share(manager, script, parameters.get(range.tensor()), range))
                        .toList())
                .toList();
    }

    private static ParameterGradient share(
            NDManager manager, ScriptModule script, ParameterGradient trained, Cut.Range range) {
        if (range.size() == trained.parameter().size()) {
            return trained;
        }
        NDArray value = script.callOne(manager, "stretch", trained.parameter().value(), range.from(), range.to());
        return new ParameterGradient(
                trained.parameter().part(range.from(), range.to(), value),
                trained.gradient().part(manager, script, range.from(), range.to()),
                trained.depth());
    }
}
