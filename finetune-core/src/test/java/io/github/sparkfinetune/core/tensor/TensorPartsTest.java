package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.NativeArrays;
import io.github.sparkfinetune.core.tensor.cuda.PinnedMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TensorPartsTest {
    private static final Shape SHAPE = new Shape(3, 5);

    private NDManager manager;
    private ScriptModule script;

    @BeforeEach
    void start() {
        Torch.start(1);
        manager = Torch.manager(-1);
        script = ScriptModule.load(manager, List.of("core.tensor.tensors"), Map.of());
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private List<Device> devices() {
        return List.of(new Cpu(manager), new Cuda(manager, new HostCopies(manager, false, PinnedMemory.none())));
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 16, 24, 64, 400})
    void writesATensorInPartsInOrder(int partBytes) throws Exception {
        NDArray f32 = manager.create(SHAPE, DataType.FLOAT32);
        NDArray bf16 = script.callOne(manager, "empty_bf16", SHAPE.getShape(), f32);
        for (NDArray tensor : List.of(f32, bf16)) {
            List<Long> begins = new ArrayList<>();
            SmallParts.run(partBytes, () -> {
                TensorParts.write(script, tensor, (from, target) -> {
                    begins.add(from);
                    for (int i = target.position(); i < target.limit(); i++) {
                        target.put(i, (float) (from + i - target.position() + 1));
                    }
                });
            });
            assertThat(script.callOne(manager, "f32", tensor).toFloatArray()).containsExactly(range(1, 16));
            int part = partBytes / Float.BYTES;
            assertThat(begins).hasSize((15 + part - 1) / part).isSorted();
        }
    }

    @Test
    void roundsToTheNearestBf16() {
        NDArray tensor = script.callOne(manager, "empty_bf16", new long[] {1}, manager.create(0f));
        TensorParts.write(script, tensor, (from, target) -> target.put(target.position(), 1 + 0x1p-8f + 0x1p-20f));
        assertThat(script.callOne(manager, "f32", tensor).getFloat()).isEqualTo(1 + 0x1p-7f);
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 24, 400})
    void readsBytesOfEveryType(int partBytes) throws Exception {
        NDArray f32 = manager.create(range(1, 16), SHAPE);
        NDArray bf16 = script.callOne(manager, "empty_bf16", SHAPE.getShape(), f32);
        script.call(manager, "copy", bf16, f32);
        NDArray ofBf16 = bf16.get("2:");
        long before = NativeArrays.alive();
        for (Device device : devices()) {
            ByteBuffer all = ByteBuffer.allocate(60).order(ByteOrder.nativeOrder());
            SmallParts.run(partBytes, () -> {
                TensorParts.read(device, script, f32, all::put);
            });
            assertThat(floats(all.flip().asFloatBuffer())).containsExactly(range(1, 16));
            ByteBuffer halves = TensorParts.read(device, script, bf16, 8, 6).order(ByteOrder.nativeOrder());
            assertThat(halves.remaining()).isEqualTo(6);
            for (int i = 0; i < 3; i++) {
                assertThat(Float.intBitsToFloat(halves.getShort() << 16)).isEqualTo(i + 5);
            }
            ByteBuffer ofView = TensorParts.read(device, script, ofBf16, 2, 2).order(ByteOrder.nativeOrder());
            assertThat(Float.intBitsToFloat(ofView.getShort() << 16)).isEqualTo(12);
        }
        assertThat(NativeArrays.alive()).isEqualTo(before);
    }

    @Test
    void readsTheTensorsOwnBytesOnCpu() {
        NDArray tensor = manager.create(range(1, 16), SHAPE);
        ByteBuffer two = TensorParts.read(new Cpu(manager), script, tensor, 4, 8);
        tensor.muli(2);
        assertThat(floats(two.asFloatBuffer())).containsExactly(4, 6);
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 24, 400})
    void changesPartsOneByOneOrTogether(int partBytes) throws Exception {
        for (Device device : devices()) {
            NDArray tensor = manager.create(range(1, 16), SHAPE);
            SmallParts.run(partBytes, () -> {
                TensorParts.each(device, script, tensor, (from, host) -> {
                    host.download();
                    FloatBuffer values = host.bytes().asFloatBuffer();
                    assertThat(values.get(0)).isEqualTo(from / 4f + 1);
                    values.put(0, -values.get(0));
                    host.upload();
                });
                int part = partBytes / Float.BYTES;
                float[] expected = range(1, 16);
                for (int i = 0; i < expected.length; i += part) {
                    expected[i] *= -1;
                }
                assertThat(tensor.toFloatArray()).containsExactly(expected);

                List<HostBuffer> all = TensorParts.all(manager, device, script, tensor);
                assertThat(all).hasSize((15 + part - 1) / part);
                all.forEach(HostBuffer::download);
                all.get(all.size() - 1).bytes().putFloat(100);
                all.forEach(HostBuffer::upload);
                expected[(all.size() - 1) * part] = 100;
                assertThat(tensor.toFloatArray()).containsExactly(expected);
            });
        }
    }

    @Test
    void hasOneEmptyPartForAnEmptyTensor() {
        NDArray none = manager.create(new Shape(0, 3));
        for (Device device : devices()) {
            assertThat(TensorParts.all(manager, device, script, none))
                    .singleElement()
                    .satisfies(part -> assertThat(part.bytes().hasRemaining()).isFalse());
            TensorParts.each(device, script, none, (from, host) -> {
                throw new AssertionError("a part of nothing");
            });
            TensorParts.read(device, script, none, bytes -> {
                throw new AssertionError("bytes of nothing");
            });
        }
    }

    private static float[] floats(FloatBuffer buffer) {
        float[] values = new float[buffer.remaining()];
        buffer.get(values);
        return values;
    }

    private static float[] range(int from, int past) {
        float[] values = new float[past - from];
        IntStream.range(from, past).forEach(i -> values[i - from] = i);
        return values;
    }
}
