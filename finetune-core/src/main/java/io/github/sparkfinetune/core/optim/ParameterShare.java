package io.github.sparkfinetune.core.optim;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.checkpoint.TensorRange;
import io.github.sparkfinetune.core.model.Parameter;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.ArrayList;
import java.util.List;

/**
 * Values of one parameter that one rank moves.
 *
 * @param index of the parameter among all
 * @param from first value, row-major
 * @param to the value after the last one
 */
record ParameterShare(ParameterGradient trained, int index, long from, long to) {
    /**
     * What each rank moves: of N values of all parameters, one after another, rank r those from about ⌊N r / n⌋ up to
     * about ⌊N (r + 1) / n⌋.
     *
     * @param stretch values of a parameter that no share cuts
     * @return a list a rank, none of which holds an empty share
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

    /** The share as a parameter of its own, whose value and gradient are the whole one's memory. */
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
