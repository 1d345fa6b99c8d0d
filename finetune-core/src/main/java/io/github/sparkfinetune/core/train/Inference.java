package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Batch;
import io.github.sparkfinetune.core.model.Block;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.data.Sample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** The forward pass alone: no dropout, no graph. */
final class Inference {
    private Inference() {}

    /**
     * Logits of each sample. Samples of similar length are computed together, whatever their order.
     *
     * @param batchSize samples computed at once
     * @return [samples][classes], in the order of the samples
     */
    static float[][] logits(NDManager manager, Model model, List<Sample> samples, int batchSize) {
        float[][] logits = new float[samples.size()][];
        List<Integer> byLength =
                new ArrayList<>(IntStream.range(0, samples.size()).boxed().toList());
        byLength.sort(Comparator.comparingInt(i -> samples.get(i).length()));
        for (int from = 0; from < byLength.size(); from += batchSize) {
            List<Integer> places = byLength.subList(from, Math.min(byLength.size(), from + batchSize));
            float[] flat =
                    compute(manager, model, places.stream().map(samples::get).toList());
            int classes = flat.length / places.size();
            for (int i = 0; i < places.size(); i++) {
                logits[places.get(i)] = Arrays.copyOfRange(flat, i * classes, (i + 1) * classes);
            }
        }
        return logits;
    }

    private static float[] compute(NDManager manager, Model model, List<Sample> samples) {
        try (NDManager owner = manager.newSubManager()) {
            Batch batch = model.batch(owner, samples);
            NDArray x = model.lookup(owner, batch);
            for (Block block : model.blocks()) {
                NDArray y = model.forward(owner, block, x, batch, DropoutMasks.none());
                x.close();
                x = y;
            }
            return x.toFloatArray();
        }
    }
}
