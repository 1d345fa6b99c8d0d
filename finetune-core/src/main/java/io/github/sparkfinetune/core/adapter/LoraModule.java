package io.github.sparkfinetune.core.adapter;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A linear with a low-rank adapter: it computes {@code W x + scaling · B A dropout(x)}, with A of shape [r, in] and B
 * of shape [out, r]. With DoRA the rows of {@code W + scaling · B A} are set to the lengths of a trained magnitude
 * [out].
 *
 * @param module the linear
 * @param r rank
 * @param scaling lora_alpha / r, or with rsLoRA lora_alpha / √r
 * @param dropout rate at which the adapter's input is dropped
 * @param dora whether it has a magnitude
 */
public record LoraModule(LinearModule module, int r, double scaling, double dropout, boolean dora) {

    public LoraModule {
        if (r < 1) {
            throw new IllegalArgumentException(module.name() + ": r " + r);
        }
    }

    /** Name of A. */
    public String a() {
        return module.name() + PeftAdapter.LORA_A;
    }

    /** Name of B. */
    public String b() {
        return module.name() + PeftAdapter.LORA_B;
    }

    /** Name of DoRA's magnitude. */
    public String magnitude() {
        return module.name() + PeftAdapter.LORA_MAGNITUDE;
    }

    /** Shapes of its tensors by their names, in the order A, B, magnitude. */
    public Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put(a(), shapeOfA());
        shapes.put(b(), shapeOfB());
        if (dora) {
            shapes.put(magnitude(), shapeOfMagnitude());
        }
        return shapes;
    }

    /** Shape of A. */
    public long[] shapeOfA() {
        return new long[] {r, module.in()};
    }

    /** Shape of B. */
    public long[] shapeOfB() {
        return new long[] {module.out(), r};
    }

    /** Shape of DoRA's magnitude. */
    public long[] shapeOfMagnitude() {
        return new long[] {module.out()};
    }
}
