package io.github.sparkfinetune.core.train.sample;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.gradient.Gradients;
import io.github.sparkfinetune.core.gradient.KeptGradients;
import io.github.sparkfinetune.core.gradient.SampleGradients;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.MeasuredBlock;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.NeftuneNoise;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.train.step.ForwardBackward;
import io.github.sparkfinetune.core.train.step.StepParts;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.List;

/**
 * Products of the gradients of samples: the sum over the trained parameters of the one gradient times the other. The
 * gradient is that of the sample's mean loss over its own labels with the present parameters, without dropout.
 */
public final class SampleProducts implements AutoCloseable {
    private final NDManager manager;
    private final SamplePass pass;
    private final SampleGradients gradients;
    private final int most;
    private final List<Kept> kept = new ArrayList<>();
    private NDManager ownerOfKept;

    /**
     * Gradients of some samples.
     *
     * @param measured blocks whose gradients are not held
     */
    private record Kept(KeptGradients held, List<MeasuredBlock> measured) {
        int samples() {
            return held.samples();
        }
    }

    /**
     * @param manager owner of the gradients, on the model's device
     * @param settings size of micro-batches, and whether activations are recomputed
     */
    public SampleProducts(NDManager manager, Model model, Objective objective, TrainingConfig settings) {
        this.manager = manager.newSubManager();
        SingleRank alone = new SingleRank();
        Gradients sums = new Gradients(this.manager, model, alone, Shard.NONE, true);
        ForwardBackward passes = new ForwardBackward(
                model, DropoutMasks.none(), NeftuneNoise.none(), sums, settings.gradientCheckpointing());
        this.pass = new SamplePass(
                this.manager,
                new StepParts(this.manager, model, objective, alone, sums, passes, settings.perDeviceTrainBatchSize()));
        this.gradients = pass.gradients();
        this.most = gradients.most();
        this.ownerOfKept = this.manager.newSubManager();
    }

    /**
     * Keeps the gradients of the first of some samples, instead of those kept before.
     *
     * @param samples samples, at least one, the longest first
     * @param bytes memory from which no further sample is kept
     * @param progressed called before each piece of work; may throw
     * @return number of samples whose gradients are kept, at least 1
     */
    public int keep(List<Sample> samples, long bytes, Runnable progressed) {
        kept.clear();
        ownerOfKept.close();
        ownerOfKept = manager.newSubManager();
        long used = 0;
        int count = 0;
        // The memory of the first sample tells how many have room.
        for (int next = 1; next > 0; next = room(bytes - used, used / count, samples.size() - count)) {
            progressed.run();
            try (NDManager owner = manager.newSubManager()) {
                List<MeasuredBlock> measured = pass.compute(owner, samples.subList(count, count + next));
                long values = measured.stream()
                        .mapToLong(block -> block.attach(ownerOfKept))
                        .sum();
                KeptGradients held = gradients.keep(ownerOfKept);
                used += Float.BYTES * (values + held.values());
                kept.add(new Kept(held, measured));
            }
            count += next;
        }
        return count;
    }

    private int room(long bytes, long each, int samples) {
        return (int) Math.min(Math.min(most, samples), Math.max(0, bytes) / Math.max(1, each));
    }

    /**
     * Returns the product of the gradient of each sample with each kept gradient, in the order of the samples.
     *
     * @param samples samples; attention pads little if neighbours are of similar length
     * @param progressed called before each piece of work; may throw
     */
    public double[][] with(List<Sample> samples, Runnable progressed) {
        double[][] products = new double[samples.size()][];
        for (int from = 0; from < products.length; from += most) {
            progressed.run();
            List<Sample> some = samples.subList(from, Math.min(products.length, from + most));
            try (NDManager owner = manager.newSubManager()) {
                double[][] present = products(owner, pass.compute(owner, some), some.size());
                System.arraycopy(present, 0, products, from, present.length);
            }
        }
        return products;
    }

    /**
     * Returns the products of the present samples: [present][kept].
     *
     * @param measured blocks of the present samples whose gradients are not held
     */
    private double[][] products(NDManager owner, List<MeasuredBlock> measured, int present) {
        double[][] products =
                new double[present][kept.stream().mapToInt(Kept::samples).sum()];
        int from = 0;
        for (Kept some : kept) {
            NDArray sums = gradients.products(owner, some.held());
            for (int block = 0; block < measured.size(); block++) {
                measured.get(block).addProducts(owner, sums, some.measured().get(block));
            }
            double[] values = sums.toDoubleArray();
            for (int i = 0; i < present; i++) {
                System.arraycopy(values, i * some.samples(), products[i], from, some.samples());
            }
            from += some.samples();
        }
        return products;
    }

    @Override
    public void close() {
        manager.close();
    }
}
