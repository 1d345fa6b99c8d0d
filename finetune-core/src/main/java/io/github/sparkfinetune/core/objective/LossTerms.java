package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;

/**
 * Sums of an objective's terms over a batch. They stay where they were computed until all batches of a step are read at
 * once: a processor that reads a value waits for the GPU, which then waits for the next kernels.
 *
 * @param tensor the sums as a tensor [terms], or empty
 * @param known the sums if there is no tensor
 */
public record LossTerms(List<NDArray> tensor, double... known) {
    /** Returns sums in a tensor [terms], in F32. */
    static LossTerms on(NDArray tensor) {
        return new LossTerms(List.of(tensor));
    }

    /** Returns sums that are known. */
    static LossTerms of(double... sums) {
        return new LossTerms(List.of(), sums);
    }

    /** Keeps these sums until another manager is closed. */
    public void keep(NDManager owner) {
        tensor.forEach(some -> some.attach(owner));
    }

    /**
     * Adds up the sums of batches, which have equal terms, by one read.
     *
     * @return sums of the terms; empty without batches
     */
    public static double[] sums(List<LossTerms> batches) {
        NDList tensors = new NDList();
        batches.forEach(batch -> tensors.addAll(batch.tensor()));
        float[] read = tensors.isEmpty()
                ? new float[0]
                : tensors.size() == 1
                        ? tensors.get(0).toFloatArray()
                        : NDArrays.concat(tensors).toFloatArray();
        double[] sums = {};
        int at = 0;
        for (LossTerms batch : batches) {
            int terms = batch.tensor().isEmpty() ? batch.known().length : read.length / tensors.size();
            sums = Arrays.copyOf(sums, terms);
            for (int term = 0; term < terms; term++) {
                sums[term] += batch.tensor().isEmpty() ? batch.known()[term] : read[at++];
            }
        }
        return sums;
    }
}
