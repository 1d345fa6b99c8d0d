package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TensorPartsTest {
    private static final Shape SHAPE = new Shape(3, 5);

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 5, 15, 100})
    void aTensorIsWrittenInPartsInTheirOrder(int part) {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            ScriptModule script = script(manager);
            NDArray f32 = manager.create(SHAPE, DataType.FLOAT32);
            NDArray bf16 = script.callOne(manager, "empty_bf16", SHAPE.getShape(), f32);
            for (NDArray tensor : List.of(f32, bf16)) {
                List<Long> begins = new ArrayList<>();
                TensorParts.write(
                        script,
                        tensor,
                        (from, target) -> {
                            begins.add(from);
                            for (int i = target.position(); i < target.limit(); i++) {
                                target.put(i, (float) (from + i - target.position() + 1));
                            }
                        },
                        part);
                assertThat(script.callOne(manager, "f32", tensor).toFloatArray())
                        .containsExactly(range(1, 16));
                assertThat(begins).hasSize((15 + part - 1) / part).isSorted();
            }
        }
    }

    @Test
    void halvesTakeTheNearestValue() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            ScriptModule script = script(manager);
            NDArray tensor = script.callOne(manager, "empty_bf16", new long[] {1}, manager.create(0f));
            TensorParts.write(script, tensor, (from, target) -> target.put(target.position(), 1 + 0x1p-8f + 0x1p-20f));
            assertThat(script.callOne(manager, "f32", tensor).getFloat()).isEqualTo(1 + 0x1p-7f);
        }
    }

    private static ScriptModule script(NDManager manager) {
        return ScriptModule.load(manager, List.of("core.tensor.tensors"), Map.of());
    }

    private static float[] range(int from, int past) {
        float[] values = new float[past - from];
        IntStream.range(from, past).forEach(i -> values[i - from] = i);
        return values;
    }
}
