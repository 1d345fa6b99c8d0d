package io.github.sparkfinetune.core.model.weight;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.quant.Nf4Tensor;
import io.github.sparkfinetune.core.quant.Weights;
import io.github.sparkfinetune.core.tensor.CopiesOnCpu;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.testing.TestMatrix;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A GPU widens weights in 4 bits to the bits that the host writes. */
class ResidentCodesTest {
    static Stream<Arguments> weights() {
        return TestMatrix.product(
                List.of(64, 128, 200, 77, 4096 * 64 + 13), List.of(true, false), List.of(true, false));
    }

    @ParameterizedTest
    @MethodSource("weights")
    void widensToTheBitsOfTheHost(int count, boolean doubleQuant, boolean bf16) throws Exception {
        Torch.start(1);
        Nf4Tensor first = Weights.nf4(Weights.normal(count, 1), doubleQuant, 1);
        Nf4Tensor second = Weights.nf4(Weights.normal(count, 2), doubleQuant, 1);
        List<ByteBuffer> host = held(bf16, first, second);
        assertThat(host.get(0)).isNotEqualTo(host.get(1));
        assertThat(CopiesOnCpu.call(() -> held(bf16, first, second))).isEqualTo(host);
    }

    /** Returns the bytes of weights that a buffer holds one after the other, and of the first one again. */
    private static List<ByteBuffer> held(boolean bf16, Nf4Tensor first, Nf4Tensor second) {
        try (NDManager manager = Torch.manager(-1)) {
            Device device = Device.of(manager);
            ScriptModule script = ScriptModule.load(manager, List.of("core.tensor.tensors"), Map.of());
            DequantBuffers buffers = new DequantBuffers(device, script, bf16, 1);
            return Stream.of(first, second, first)
                    .map(weight -> bytes(device, script, buffers, weight, bf16))
                    .toList();
        }
    }

    private static ByteBuffer bytes(
            Device device, ScriptModule script, DequantBuffers buffers, Nf4Tensor weight, boolean bf16) {
        NDArray tensor = buffers.tensor("w", weight);
        buffers.hold(weight, Map.of("w", weight));
        int size = Math.toIntExact(weight.count() * (bf16 ? Short.BYTES : Float.BYTES));
        ByteBuffer read = TensorParts.read(device, script, tensor, 0, size);
        return ByteBuffer.allocate(size).put(read).flip();
    }
}
