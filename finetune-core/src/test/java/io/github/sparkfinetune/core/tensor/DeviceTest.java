package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.NativeArrays;
import io.github.sparkfinetune.core.tensor.cuda.PinnedMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Both devices over CPU tensors; copies to and from a GPU are the same calls. */
class DeviceTest {
    private NDManager manager;

    enum Kind {
        CPU,
        CUDA;

        Device of(NDManager manager) {
            return this == CPU
                    ? new Cpu(manager)
                    : new Cuda(manager, new HostCopies(manager, false, PinnedMemory.none()));
        }
    }

    @BeforeEach
    void start() {
        Torch.start(1);
        manager = Torch.manager(-1);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private static float[] floats(ByteBuffer bytes) {
        FloatBuffer buffer = bytes.asFloatBuffer();
        float[] values = new float[buffer.remaining()];
        buffer.get(values);
        return values;
    }

    @ParameterizedTest
    @EnumSource
    void readsWhatItCreates(Kind kind) {
        Device device = kind.of(manager);
        NDArray floats = device.create(manager, new float[] {1, -2.5f, Float.NaN, 4, 5, 6}, new Shape(2, 3));
        assertThat(floats.getDataType()).isEqualTo(DataType.FLOAT32);
        assertThat(floats.getShape()).isEqualTo(new Shape(2, 3));
        assertThat(device.read(floats).order()).isEqualTo(ByteOrder.nativeOrder());
        assertThat(floats(device.read(floats))).containsExactly(1, -2.5f, Float.NaN, 4, 5, 6);
        assertThat(floats(device.read(floats.get("1:")))).containsExactly(4, 5, 6);

        NDArray longs = device.create(manager, new long[] {1L << 40, -7}, new Shape(2, 1));
        assertThat(longs.getDataType()).isEqualTo(DataType.INT64);
        ByteBuffer bytes = device.read(longs);
        assertThat(bytes.remaining()).isEqualTo(2 * Long.BYTES);
        assertThat(bytes.getLong()).isEqualTo(1L << 40);
        assertThat(bytes.getLong()).isEqualTo(-7);
    }

    @ParameterizedTest
    @EnumSource
    void writesInPlace(Kind kind) {
        Device device = kind.of(manager);
        NDArray tensor = manager.zeros(new Shape(2, 2));
        NDArray view = tensor.get("1:");
        device.write(tensor, values -> values.put(new float[] {1, 2, 3, 4}));
        assertThat(tensor.toFloatArray()).containsExactly(1, 2, 3, 4);
        assertThat(view.toFloatArray()).containsExactly(3, 4);
    }

    @ParameterizedTest
    @EnumSource
    void downloadsAndUploadsByAHostBuffer(Kind kind) {
        HostBuffer host = kind.of(manager).hostBuffer(manager.create(new float[] {1, 2, 3}));
        host.download();
        assertThat(floats(host.bytes())).containsExactly(1, 2, 3);
        host.bytes().putFloat(7).putFloat(8);
        host.upload();
        assertThat(host.tensor().toFloatArray()).containsExactly(7, 8, 3);
    }

    @ParameterizedTest
    @EnumSource
    void handlesEmptyTensors(Kind kind) {
        Device device = kind.of(manager);
        NDArray none = device.create(manager, new float[0], new Shape(0, 3));
        assertThat(none.getShape()).isEqualTo(new Shape(0, 3));
        assertThat(device.create(manager, new long[0], new Shape(0)).getDataType())
                .isEqualTo(DataType.INT64);
        assertThat(device.read(none).hasRemaining()).isFalse();
        device.write(none, values -> assertThat(values.hasRemaining()).isFalse());
        HostBuffer host = device.hostBuffer(none);
        host.download();
        assertThat(host.bytes().hasRemaining()).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void leavesNoTensorsBehind(Kind kind) throws ReflectiveOperationException {
        Device device = kind.of(manager);
        HostBuffer host = device.hostBuffer(manager.zeros(new Shape(8)));
        long before = NativeArrays.alive();
        for (int i = 0; i < 10; i++) {
            host.download();
            host.upload();
            assertThat(device.read(host.tensor()).remaining()).isEqualTo(32);
            device.write(host.tensor(), values -> values.put(1));
        }
        assertThat(NativeArrays.alive()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource
    void stagesATensorUntilTheVisitorReturns(Kind kind) {
        Device device = kind.of(manager);
        NDArray outer = manager.create(new float[] {1, 2, 3});
        NDArray inner = manager.create(new float[] {4, 5});
        device.stage(outer, host -> {
            host.download();
            device.stage(inner, other -> {
                other.bytes().putFloat(9).putFloat(8);
                other.upload();
            });
            assertThat(floats(host.bytes())).containsExactly(1, 2, 3);
            host.bytes().putFloat(7);
            host.upload();
        });
        assertThat(outer.toFloatArray()).containsExactly(7, 2, 3);
        assertThat(inner.toFloatArray()).containsExactly(9, 8);
    }

    @Test
    void exchangesTheTensorsOwnMemoryIfRanksExchangeOnTheirDevices() throws Exception {
        CopiesOnCpu.call(() -> {
            Device device = Device.of(-1, true);
            try (NDManager own = device.manager();
                    NDManager below = own.newSubManager()) {
                NDArray tensor = below.create(new float[] {1, 2, 3});
                HostBuffer part = Device.of(below).exchangeBuffer(tensor.get("1:"));
                tensor.muli(2);
                assertThat(floats(part.bytes())).containsExactly(4, 6);
                part.bytes().putFloat(9);
                assertThat(tensor.toFloatArray()).containsExactly(2, 9, 6);
                assertThat(Device.of(below)
                                .exchangeBuffer(below.create(new Shape(0)))
                                .bytes()
                                .hasRemaining())
                        .isFalse();
                HostBuffer host = Device.of(below).hostBuffer(tensor);
                host.download();
                tensor.muli(2);
                assertThat(floats(host.bytes())).containsExactly(2, 9, 6);
            }
            return null;
        });
    }

    @Test
    void stagesAllTensorsOfABaseManagerInTheSameMemoryOnCuda() throws Exception {
        CopiesOnCpu.call(() -> {
            try (NDManager one = manager.newSubManager();
                    NDManager other = one.newSubManager()) {
                Device.of(one).write(one.zeros(new Shape(3)), values -> values.put(new float[] {1, 2, 3}));
                Device.of(other)
                        .stage(
                                other.zeros(new Shape(2)),
                                host -> assertThat(floats(host.bytes()))
                                        .as("the bytes of the tensor before")
                                        .containsExactly(1, 2));
            }
            return null;
        });
    }

    @Test
    void sharesTheTensorsMemoryOnCpu() {
        Device device = Device.of(-1);
        try (NDManager own = device.manager()) {
            NDArray tensor = own.create(new float[] {1, 2, 3});
            device.read(tensor).putFloat(Float.BYTES, 9);
            assertThat(tensor.toFloatArray()).containsExactly(1, 9, 3);
            HostBuffer host = device.hostBuffer(tensor);
            host.bytes().putFloat(0, 8);
            assertThat(tensor.toFloatArray()).containsExactly(8, 9, 3);
            tensor.muli(2);
            assertThat(floats(host.bytes())).containsExactly(16, 18, 6);
        }
    }

    @Test
    void readsIntoOneBufferOnCuda() {
        Device device = Kind.CUDA.of(manager);
        NDArray tensor = manager.create(new float[] {1, 2, 3});
        ByteBuffer first = device.read(tensor);
        first.putFloat(0, 9);
        assertThat(tensor.toFloatArray()).containsExactly(1, 2, 3);
        ByteBuffer second = device.read(manager.create(new float[] {4, 5}));
        assertThat(floats(second)).containsExactly(4, 5);
        assertThat(floats(first)).containsExactly(4, 5, 3);
    }

    @Test
    void isChosenByIndex() {
        Device device = Device.of(-1);
        try (NDManager own = device.manager()) {
            assertThat(own.getDevice().getDeviceType()).isEqualTo("cpu");
            assertThat(device).isEqualTo(Device.of(own));
            assertThat(device.hasFusedAttention()).isTrue();
            assertThat(device.prefersBf16()).isFalse();
        }
        assertThatThrownBy(() -> Device.of(99))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("GPU 99 is not usable here, the libtorch in ")
                .hasMessageContaining(" is built for CPUs: ");
    }
}
