package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.EmbeddingConfig;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.rank.Cosent;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;

/**
 * {@link Cosent} over the pairs of a global batch. A sample has two texts; its target is its score. The loss is not a
 * mean: every pair counts the whole loss, so that the mean over the pairs is the loss.
 */
public final class CosentLoss extends EmbeddingLoss {

    CosentLoss(NDManager manager, EmbeddingConfig embedding, int width) {
        super(manager, embedding, width);
    }

    @Override
    public List<Loss> losses(
            NDManager owner, List<NDArray> outputs, List<List<Sample>> batches, TermWeights weights, Collective ranks) {
        List<Sample> samples = batches.stream().flatMap(List::stream).toList();
        int n = samples.size();
        int columns = widths().length + 1;
        NDArray texts = n == 0 ? null : joined(outputs);
        double[] cosines = n == 0 ? new double[0] : cosines(texts);
        double[] own = new double[n * columns];
        for (int i = 0; i < n; i++) {
            System.arraycopy(cosines, i * (columns - 1), own, i * columns, columns - 1);
            own[i * columns + columns - 1] = samples.get(i).targets()[0];
        }
        double[] pairsOfRanks = ranks.allGather(new double[] {n});
        int first = (int) Arrays.stream(pairsOfRanks).limit(ranks.rank()).sum();
        double[] all = ranks.allGather(own);
        if (n == 0) {
            return List.of();
        }
        double loss = 0;
        double[] slopes = new double[n * (columns - 1)];
        for (int k = 0; k < columns - 1; k++) {
            Cosent cosent = Cosent.of(scaled(all, k, columns), column(all, columns - 1, columns));
            loss += cosent.loss();
            for (int i = 0; i < n; i++) {
                slopes[i * (columns - 1) + k] = scale() * cosent.slopes()[first + i];
            }
        }
        float[] losses = new float[n];
        Arrays.fill(losses, (float) loss);
        NDArray gradient = script().callOne(
                        owner,
                        "cosines_gradient",
                        texts,
                        widths(),
                        Targets.of(owner, new Shape(n, columns - 1L), slopes));
        return byBatch(outputs, batches, Tensors.of(owner, losses, new Shape(n)), gradient);
    }

    private double[] cosines(NDArray texts) {
        try (NDManager scratch = texts.getManager().newSubManager()) {
            return script().callOne(scratch, "cosines", texts, widths()).toDoubleArray();
        }
    }

    private double[] scaled(double[] values, int column, int columns) {
        double[] scaled = column(values, column, columns);
        Arrays.setAll(scaled, i -> scaled[i] * scale());
        return scaled;
    }

    private static double[] column(double[] values, int column, int columns) {
        double[] some = new double[values.length / columns];
        Arrays.setAll(some, i -> values[i * columns + column]);
        return some;
    }
}
