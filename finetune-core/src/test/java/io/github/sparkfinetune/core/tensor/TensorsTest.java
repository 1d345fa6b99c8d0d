package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TensorsTest {
    @BeforeEach
    void start() {
        Torch.start(1);
    }

    @Test
    void holdsTheValues() {
        try (NDManager manager = Torch.manager(-1)) {
            NDArray whole = Tensors.of(manager, new long[] {1, -2, Long.MAX_VALUE, 4, 5, 6}, new Shape(2, 3));
            assertThat(whole.getDataType()).isEqualTo(DataType.INT64);
            assertThat(whole.getShape()).isEqualTo(new Shape(2, 3));
            assertThat(whole.toLongArray()).containsExactly(1, -2, Long.MAX_VALUE, 4, 5, 6);

            NDArray broken = Tensors.of(manager, new float[] {0.5f, Float.NEGATIVE_INFINITY}, new Shape(2, 1));
            assertThat(broken.getDataType()).isEqualTo(DataType.FLOAT32);
            assertThat(broken.toFloatArray()).containsExactly(0.5f, Float.NEGATIVE_INFINITY);

            NDArray number = Tensors.of(manager, 3);
            assertThat(number.getShape().dimension()).isZero();
            assertThat(number.getFloat()).isEqualTo(3);

            assertThat(Tensors.of(manager, new long[0]).getShape()).isEqualTo(new Shape(0));
        }
    }

    @Test
    void leavesNoDirectBuffers() {
        BufferPoolMXBean direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .findFirst()
                .orElseThrow();
        try (NDManager manager = Torch.manager(-1)) {
            Tensors.of(manager, new long[] {1});
            long before = direct.getTotalCapacity();
            for (int i = 0; i < 100; i++) {
                Tensors.of(manager, new long[1 << 16]).close();
            }
            assertThat(direct.getTotalCapacity() - before).isLessThan(1 << 20);
        }
    }
}
