package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AbsentDeviceTest {
    private static NDArray call(NDManager manager, String method) {
        ScriptModule script = ScriptModule.load(manager, List.of("core.tensor.samples.devices"), Map.of());
        return script.callOne(manager, method, manager.create(new float[] {1, 2}));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    mixes            | Expected all tensors to be on the same device
                    reads            | aten::_local_scalar_dense
                    downloads        | Cannot copy out of meta tensor; no data!
                    returns_from_cpu | [returns_from_cpu]
                    """)
    void refusesAMethodThatAGpuCannotRunOrWaitsFor(String method, String message) {
        try (AbsentDevice device = new AbsentDevice();
                NDManager manager = Torch.manager(-1)) {
            assertThat(call(manager, "fits").toFloatArray()).containsExactly(3, 5);
            assertThat(device.repeats()).containsExactly(Map.entry("fits", 1));
            assertThatThrownBy(() -> call(manager, method))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining(message);
        }
    }

    @Test
    void observesNothingAfterItIsClosed() {
        new AbsentDevice().close();
        try (NDManager manager = Torch.manager(-1)) {
            assertThat(call(manager, "mixes").toFloatArray()).containsExactly(2, 3);
        }
    }
}
