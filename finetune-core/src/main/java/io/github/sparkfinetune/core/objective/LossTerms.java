package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.List;

/**
 * Sums of an objective's terms over a batch. They stay where they were computed until all batches of a step are read at
 * once: a processor that reads a value waits for the GPU, which then waits for the next kernels.
 *
 * @param tensor the sums [terms], in F32 or F64
 */
public record LossTerms(NDArray tensor) {
    /** Keeps these sums until another manager is closed. */
    public void keep(NDManager owner) {
        tensor.attach(owner);
    }

    /**
     * Adds up the sums of batches, which have equal terms, by one read.
     *
     * @return sums of the terms; empty without batches
     */
    public static double[] sums(List<LossTerms> batches) {
        if (batches.isEmpty()) {
            return new double[0];
        }
        NDList tensors = new NDList();
        batches.forEach(batch -> tensors.add(batch.tensor()));
        double[] read = read(tensors.size() == 1 ? tensors.get(0) : NDArrays.concat(tensors));
        double[] sums = new double[read.length / tensors.size()];
        for (int i = 0; i < read.length; i++) {
            sums[i % sums.length] += read[i];
        }
        return sums;
    }

    private static double[] read(NDArray values) {
        if (values.getDataType() == DataType.FLOAT64) {
            return values.toDoubleArray();
        }
        float[] floats = values.toFloatArray();
        double[] widened = new double[floats.length];
        for (int i = 0; i < floats.length; i++) {
            widened[i] = floats[i];
        }
        return widened;
    }
}
