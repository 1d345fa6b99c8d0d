package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.checkpoint.TensorRange;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.ArrayList;
import java.util.List;

/**
 * Values of one parameter that one rank updates.
 *
 * @param index index of the parameter
 * @param from index of the first value, row-major
 * @param to index after the last value
 */
record ParameterShare(ParameterGradient trained, int index, long from, long to) {
    /**
     * Returns the shares of each rank. Of the N values of all parameters, in order, rank r of n updates about [⌊N r /
     * n⌋, ⌊N (r + 1) / n⌋).
     *
     * @param stretch number of values of a parameter that no share divides
     * @return one list per rank, without empty shares
     */
    static List<List<ParameterShare>> of(List<ParameterGradient> parameters, int ranks, int stretch) {
        long total = parameters.stream()
                .mapToLong(trained -> trained.parameter().size())
                .sum();
        List<List<ParameterShare>> shares = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            long begin = bound(total, rank, ranks);
            long end = bound(total, rank + 1, ranks);
            List<ParameterShare> ofRank = new ArrayList<>();
            long before = 0;
            for (int i = 0; i < parameters.size(); i++) {
                long size = parameters.get(i).parameter().size();
                long from = cut(begin - before, size, stretch);
                long to = cut(end - before, size, stretch);
                if (from < to) {
                    ofRank.add(new ParameterShare(parameters.get(i), i, from, to));
                }
                before += size;
            }
            shares.add(List.copyOf(ofRank));
        }
        return List.copyOf(shares);
    }

    private static long bound(long total, int rank, int ranks) {
        return Math.multiplyExact(total, (long) rank) / ranks;
    }

    private static long cut(long at, long size, int stretch) {
        return at <= 0 ? 0 : at >= size ? size : at / stretch * stretch;
    }

    /** Returns the share as a separate parameter, which shares the memory of the whole value and gradient. */
    ParameterGradient part(NDManager manager, ScriptModule script) {
        Parameter whole = trained.parameter();
        if (to - from == whole.size()) {
            return trained;
        }
        Parameter part = new Parameter(
                new TensorRange(whole.name(), from, to).name(),
                script.callOne(manager, "stretch", whole.value(), from, to),
                whole.kind(),
                whole.trainable(),
                whole.drawn());
        return new ParameterGradient(part, trained.gradient().part(manager, script, from, to), trained.depth());
    }
}
