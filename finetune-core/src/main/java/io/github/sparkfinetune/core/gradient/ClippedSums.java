package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleSupplier;

/**
 * Sums of gradients that are clipped one by one, as DP-SGD needs them. In a step each sample's gradient is computed
 * alone and {@link #add added}; then the sums take the place of the gradients.
 */
public final class ClippedSums {
    /** Number of values of which a norm is computed in F32. */
    private static final int UNIT = 1 << 12;

    private final ScriptModule script;
    private final List<NDArray> gradients;
    private final List<NDArray> sums = new ArrayList<>();

    /** @param gradients tensors that receive the gradient of a sample, flat, in F32 */
    ClippedSums(NDManager owner, ScriptModule script, List<NDArray> gradients) {
        this.script = script;
        this.gradients = List.copyOf(gradients);
        gradients.forEach(gradient -> sums.add(owner.zeros(gradient.getShape(), gradient.getDataType())));
    }

    /** Sets the sums to zero. */
    public void clear(NDManager owner) {
        sums.forEach(sum -> script.call(owner, "zero", sum));
    }

    /**
     * Adds the present gradient, scaled by min(1, C / (norm + 1e-6)) as in Opacus.
     *
     * @param most C, the highest L2 norm of what is added
     * @return L2 norm of the gradient
     */
    public double add(NDManager owner, double most) {
        double norm = GradientNorms.whole(List.of(GradientNorms.of(owner, script, gradients, UNIT)));
        double factor = Math.min(1, most / (norm + 1e-6));
        for (int i = 0; i < sums.size(); i++) {
            script.call(owner, "add_scaled", sums.get(i), gradients.get(i), factor);
        }
        return norm;
    }

    /**
     * Adds noise to the sums.
     *
     * @param noise source of the values
     */
    public void addNoise(DoubleSupplier noise) {
        for (NDArray sum : sums) {
            TensorParts.each(Device.of(sum.getManager()), script, sum, (from, host) -> {
                FloatBuffer values = host.bytes().asFloatBuffer();
                for (int i = 0; i < values.limit(); i++) {
                    values.put(i, (float) (values.get(i) + noise.getAsDouble()));
                }
                host.upload();
            });
        }
    }

    /** Replaces the gradients by the sums. */
    public void replaceGradients(NDManager owner) {
        script.call(owner, "copy_all", gradients, sums);
    }
}
