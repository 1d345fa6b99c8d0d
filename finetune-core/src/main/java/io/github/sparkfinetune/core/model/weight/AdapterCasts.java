package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A block's adapters in BF16, which its products read: A, and scaling times B. They change only when the optimizer
 * changes A and B. Therefore they are computed once per step, by one call, instead of at every product.
 */
public final class AdapterCasts extends DerivedWeights {
    /** Suffixes of the names of the tensors, after the linear's name. */
    public static final String A = ".cast_A";

    public static final String SCALED_B = ".scaled_B";

    private final ScriptModule script;
    private final List<String> linears;

    private AdapterCasts(ScriptModule script, List<String> linears) {
        this.script = script;
        this.linears = linears;
    }

    /**
     * Adds the tensors to the constants of a block. Adapters with magnitudes have none.
     *
     * @param manager owner of the tensors
     * @param script script of the model
     */
    public static AdapterCasts of(NDManager manager, ScriptModule script, Block.Content content) {
        List<String> linears = new ArrayList<>();
        content.adapters().forEach((linear, module) -> {
            if (!module.dora()) {
                NDArray like = content.constants().get(linear + Block.SCALING);
                content.constants().put(linear + A, script.callOne(manager, "empty_bf16", module.shapeOfA(), like));
                content.constants()
                        .put(linear + SCALED_B, script.callOne(manager, "empty_bf16", module.shapeOfB(), like));
                linears.add(linear);
            }
        });
        return new AdapterCasts(script, List.copyOf(linears));
    }

    @Override
    void compute(Map<String, NDArray> weights) {
        if (linears.isEmpty()) {
            return;
        }
        List<List<NDArray>> lists = new ArrayList<>();
        for (String part : List.of(PeftAdapter.LORA_A, PeftAdapter.LORA_B, Block.SCALING, A, SCALED_B)) {
            lists.add(linears.stream().map(linear -> weights.get(linear + part)).toList());
        }
        try (NDManager owner = lists.get(0).get(0).getManager().newSubManager()) {
            script.call(owner, "cast_adapters", lists.toArray());
        }
    }
}
