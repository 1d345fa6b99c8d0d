package io.github.sparkfinetune.core.optim;

import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;

/** A parameter's gradient as a dense array, with one value for each value of the parameter. */
public final class DenseGradient {
    private DenseGradient() {}

    /** Returns all values, row-major. */
    public static float[] values(ParameterGradient trained) {
        if (trained.gradient() instanceof Gradient.Dense dense) {
            return dense.dense().toFloatArray();
        }
        Gradient.Rows gradient = (Gradient.Rows) trained.gradient();
        Gradient.LookedUp lookedUp = gradient.step().get();
        float[] rows = lookedUp.rows().toFloatArray();
        float[] values = new float[Math.toIntExact(trained.parameter().size())];
        for (int i = 0; i < lookedUp.ids().length; i++) {
            System.arraycopy(
                    rows, i * gradient.width(), values, lookedUp.ids()[i] * gradient.width(), gradient.width());
        }
        return values;
    }
}
