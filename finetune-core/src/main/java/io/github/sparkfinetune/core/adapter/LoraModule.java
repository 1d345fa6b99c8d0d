package io.github.sparkfinetune.core.adapter;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A linear with a low-rank adapter. The linear computes {@code W x + scaling · B A dropout(x)}, with A of shape [r, in]
 * and B of shape [out, r]. With DoRA the rows of {@code W + scaling · B A} are scaled to the lengths of a trained
 * magnitude [out].
 *
 * @param module the linear
 * @param r rank
 * @param scaling lora_alpha / r, or with rsLoRA lora_alpha / √r
 * @param dropout rate at which the adapter's input is dropped
 * @param dora whether the linear has a magnitude
 */
public record LoraModule(LinearModule module, int r, double scaling, double dropout, boolean dora) {

    public LoraModule {
        if (r < 1) {
            throw new IllegalArgumentException(module.name() + ": r " + r);
        }
    }

    /** Returns the name of A. */
    public String a() {
        return module.name() + PeftAdapter.LORA_A;
    }

    /** Returns the name of B. */
    public String b() {
        return module.name() + PeftAdapter.LORA_B;
    }

    /** Returns the name of DoRA's magnitude. */
    public String magnitude() {
        return module.name() + PeftAdapter.LORA_MAGNITUDE;
    }

    /** Returns the shapes of the adapter's tensors by name, in the order A, B, magnitude. */
    public Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put(a(), shapeOfA());
        shapes.put(b(), shapeOfB());
        if (dora) {
            shapes.put(magnitude(), shapeOfMagnitude());
        }
        return shapes;
    }

    /** Returns the shape of A. */
    public long[] shapeOfA() {
        return new long[] {r, module.in()};
    }

    /** Returns the shape of B. */
    public long[] shapeOfB() {
        return new long[] {module.out(), r};
    }

    /** Returns the shape of DoRA's magnitude. */
    public long[] shapeOfMagnitude() {
        return new long[] {module.out()};
    }
}
