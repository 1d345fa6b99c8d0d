package io.github.sparkfinetune.core.quant;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Codes, scales and dequantised weights equal those of bitsandbytes. */
class Nf4GoldenTest {
    private static final float DEQUANTISED = 1e-7f;
    private static final String WEIGHT = ".weight";
    private static final Path MATRICES = GoldenFiles.root().resolve("nf4/matrices.safetensors");

    @TestFactory
    Stream<DynamicTest> quantisesAsBitsandbytesDoes() {
        List<String> names;
        try (SafetensorsFile file = SafetensorsFile.open(MATRICES)) {
            names = file.names().stream()
                    .filter(name -> name.endsWith(WEIGHT))
                    .map(name -> name.substring(0, name.length() - WEIGHT.length()))
                    .toList();
        }
        assertThat(names).isNotEmpty();
        return names.stream()
                .map(name -> DynamicTest.dynamicTest(name, () -> {
                    try (SafetensorsFile file = SafetensorsFile.open(MATRICES)) {
                        comparePlain(file, name);
                        compareDouble(file, name);
                    }
                }));
    }

    private static void comparePlain(SafetensorsFile file, String name) {
        Nf4Tensor tensor = Nf4.quantize(file, name + WEIGHT, false, 2);
        assertThat(tensor.shape()).isEqualTo(file.info(name + WEIGHT).shape());
        assertThat(tensor.packed()).isEqualTo(file.buffer(name + ".packed"));
        assertThat(Weights.absmax(tensor)).isEqualTo(GoldenFiles.floats(file, name + ".absmax"));
        assertThat(Nf4Codes.values()).isEqualTo(GoldenFiles.floats(file, "code"));
        compareWidened(tensor, GoldenFiles.floats(file, name + ".dequantised"));
    }

    /** Quantises GPT-2's Conv1D as a linear, as bitsandbytes does: its matrix is the transpose of the stored matrix. */
    @Test
    void quantisesAConv1dAsALinear(@TempDir Path folder) throws IOException {
        try (SafetensorsFile golden = SafetensorsFile.open(MATRICES)) {
            long[] shape = golden.info("a.weight").shape();
            int rows = (int) shape[0];
            int columns = (int) shape[1];
            float[] weight = GoldenFiles.floats(golden, "a.weight");
            ByteBuffer stored = ByteBuffer.allocate(weight.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            for (int column = 0; column < columns; column++) {
                for (int row = 0; row < rows; row++) {
                    stored.putFloat(weight[row * columns + column]);
                }
            }
            TensorData conv1d = TensorData.f32("w", new long[] {columns, rows}, stored.flip());
            try (SafetensorsFile file = Weights.file(folder, conv1d)) {
                Nf4Tensor tensor = Nf4.quantizeTransposed(file, "w", false, 2);
                assertThat(tensor.shape()).isEqualTo(shape);
                assertThat(tensor.isTransposed()).isTrue();
                assertThat(tensor.packed()).isEqualTo(golden.buffer("a.packed"));
                compareWidened(tensor, GoldenFiles.floats(golden, "a.dequantised"));
            }
        }
    }

    private static void compareDouble(SafetensorsFile file, String name) {
        Nf4Tensor tensor = Nf4.quantize(file, name + WEIGHT, true, 2);
        assertThat(tensor.packed()).isEqualTo(file.buffer(name + ".double.packed"));
        Absmax.DoubleQuantized absmax = (Absmax.DoubleQuantized) tensor.absmax();
        assertThat(absmax.codes()).isEqualTo(file.buffer(name + ".double.absmax"));
        assertThat(absmax.offset()).isEqualTo(GoldenFiles.floats(file, name + ".double.offset")[0]);
        assertThat(absmax.nestedAbsmax())
                .isEqualTo(file.buffer(name + ".double.nested_absmax").asFloatBuffer());
        assertThat(DynamicCode.values()).isEqualTo(GoldenFiles.floats(file, "nested_code"));
        compareWidened(tensor, GoldenFiles.floats(file, name + ".double.dequantised"));
    }

    static List<Path> checkpoints() {
        return GoldenFiles.folders("nf4");
    }

    @ParameterizedTest
    @MethodSource("checkpoints")
    void readsAndReproducesA4BitCheckpoint(Path folder) {
        JsonNode info = GoldenFiles.json(folder.resolve("expected.json"));
        Path base =
                GoldenFiles.root().resolve("models").resolve(info.get("base").asText());
        assertThat(Nf4Checkpoint.isQuantized(HfConfig.read(folder))).isTrue();
        assertThat(Nf4Checkpoint.isQuantized(HfConfig.read(base))).isFalse();
        try (TensorSource checkpoint = SafetensorsModel.open(folder);
                TensorSource full = SafetensorsModel.open(base);
                SafetensorsFile expected = GoldenFiles.expected(folder)) {
            List<String> layers = new ArrayList<>();
            info.get("quantised_layers").forEach(layer -> layers.add(layer.asText() + WEIGHT));
            assertThat(full.names().stream().filter(name -> Nf4Checkpoint.holds(checkpoint, name)))
                    .containsExactlyInAnyOrderElementsOf(layers);
            for (String name : layers) {
                Nf4Tensor read = Nf4Checkpoint.read(checkpoint, name, false);
                assertThat(read.shape()).isEqualTo(full.info(name).shape());
                compareWidened(read, GoldenFiles.floats(expected, "dequantised." + name));

                Nf4Tensor quantised = Nf4.quantize(full, name, true, 2);
                assertThat(quantised.packed()).isEqualTo(read.packed());
                assertThat(quantised.absmax()).isEqualTo(read.absmax());
            }
        }
    }

    private static void compareWidened(Nf4Tensor tensor, float[] expected) {
        float[] actual = Weights.widened(tensor, 2);
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(Math.abs(actual[i] - expected[i])).as("element %d", i).isLessThanOrEqualTo(DEQUANTISED);
        }
    }
}
