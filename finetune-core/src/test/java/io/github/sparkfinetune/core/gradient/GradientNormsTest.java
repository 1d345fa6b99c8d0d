package io.github.sparkfinetune.core.gradient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GradientNormsTest {
    @BeforeEach
    void start() {
        Torch.start(2);
    }

    private static ScriptModule script(NDManager manager) {
        return ScriptModule.load(manager, List.of("core.tensor.tensors"), Map.of());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1000, 1 << 16, (1 << 24) + 5})
    void computesTheNormOfManyValuesExactly(int count) {
        try (NDManager manager = Torch.manager(-1)) {
            NDArray equal = manager.ones(new Shape(count)).mul(0.01f);
            float[] units = GradientNorms.of(manager, script(manager), List.of(equal), 4096);
            assertThat(GradientNorms.whole(List.of(units))).isCloseTo(0.01f * Math.sqrt(count), withinPercentage(1e-3));
        }
    }

    @Test
    void hasTheSameUnitsWhenAUnitStandsAlone() {
        try (NDManager manager = Torch.manager(-1)) {
            NDArray values = manager.randomNormal(new Shape(9 * 4096 + 17));
            ScriptModule script = script(manager);
            float[] units = GradientNorms.of(manager, script, List.of(values), 4096);
            assertThat(units).hasSize(10);
            for (int unit = 0; unit < units.length; unit++) {
                NDArray alone = script.callOne(
                        manager, "stretch", values, unit * 4096L, Math.min(values.size(), (unit + 1) * 4096L));
                assertThat(GradientNorms.of(manager, script, List.of(alone), 4096))
                        .containsExactly(units[unit]);
            }
        }
    }

    @Test
    void addsUpTheUnitsOfARankInTheirOrder() {
        List<float[]> groups = List.of(new float[] {3, 1e-9f}, new float[0], new float[] {4});
        assertThat(GradientNorms.gathered(new SingleRank(), groups)).isEqualTo(GradientNorms.whole(groups));
        assertThat(GradientNorms.whole(groups)).isEqualTo(5);
    }
}
