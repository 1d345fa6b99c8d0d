package io.github.sparkfinetune.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A linear layer of few rows computes x W' + b in every kernel. */
class FewRowsTest {
    private static final int IN = 24;
    private static final int OUT = 40;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 5, 8, 9})
    void equalsTheProduct(int rows) {
        Torch.start(2);
        try (NDManager manager = Torch.manager(-1)) {
            ScriptModule script = ScriptModule.load(
                    manager,
                    List.of(MatmulBackend.f32().module(), "core.model.cached_attention"),
                    Map.of("attention_scale", 1.0, "attention_cap", 0.0, "causal", true, "logit_cap", 0.0));
            // Integers, so that every order of summation gives the same bits.
            NDArray x = small(manager, rows, IN);
            NDArray weight = small(manager, OUT, IN);
            NDArray bias = small(manager, 1, OUT).reshape(OUT);
            NDArray product = x.matMul(weight.transpose());
            Map<String, NDArray> plain = Map.of("a.weight", weight);
            Map<String, NDArray> biased = Map.of("a.weight", weight, "a.bias", bias);
            compare(script.callOne(manager, "dense", x, plain, Map.of(), "a"), product);
            compare(script.callOne(manager, "dense", x, biased, Map.of(), "a"), product.add(bias));
            compare(script.callOne(manager, "next_logits", x, weight), product);
        }
    }

    private static void compare(NDArray actual, NDArray expected) {
        assertThat(actual.getShape()).isEqualTo(expected.getShape());
        assertThat(actual.toFloatArray()).containsExactly(expected.toFloatArray());
    }

    private static NDArray small(NDManager manager, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (i * 7 + rows) % 11 - 5;
        }
        return manager.create(values, new Shape(rows, columns));
    }
}
