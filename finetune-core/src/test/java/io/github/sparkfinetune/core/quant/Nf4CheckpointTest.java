package io.github.sparkfinetune.core.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class Nf4CheckpointTest {
    private static final String NAME = "layer.weight";
    private static final String STATE = NAME + ".quant_state.bitsandbytes__nf4";
    private static final String PLAIN_STATE =
            "{\"quant_type\": \"nf4\", \"blocksize\": 64, \"dtype\": \"float32\", \"shape\": [5, 40]}";
    private static final String DOUBLE_STATE = "{\"quant_type\": \"nf4\", \"blocksize\": 64, \"dtype\": \"float32\","
            + " \"shape\": [5, 40], \"nested_blocksize\": 256, \"nested_dtype\": \"float32\", \"nested_offset\": %s}";

    @TempDir
    Path folder;

    private static Map<String, TensorData> tensors(Nf4Tensor weight) {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        bytes(tensors, NAME, weight.packed());
        put(tensors, Weights.f32(NAME + ".quant_map", Nf4Codes.values()));
        if (weight.absmax() instanceof Absmax.DoubleQuantized absmax) {
            bytes(tensors, NAME + ".absmax", absmax.codes());
            float[] nested = new float[absmax.nestedAbsmax().limit()];
            absmax.nestedAbsmax().get(0, nested);
            put(tensors, Weights.f32(NAME + ".nested_absmax", nested));
            put(tensors, Weights.f32(NAME + ".nested_quant_map", DynamicCode.values()));
            text(tensors, STATE, DOUBLE_STATE.formatted(absmax.offset()));
        } else {
            put(tensors, Weights.f32(NAME + ".absmax", Weights.absmax(weight)));
            text(tensors, STATE, PLAIN_STATE);
        }
        return tensors;
    }

    private static void put(Map<String, TensorData> tensors, TensorData tensor) {
        tensors.put(tensor.name(), tensor);
    }

    private static void bytes(Map<String, TensorData> tensors, String name, ByteBuffer bytes) {
        put(tensors, TensorData.of(name, TensorType.U8, new long[] {bytes.remaining()}, bytes));
    }

    private static void text(Map<String, TensorData> tensors, String name, String text) {
        bytes(tensors, name, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    private SafetensorsFile file(Map<String, TensorData> tensors) throws IOException {
        return Weights.file(folder, tensors.values().toArray(TensorData[]::new));
    }

    private static Nf4Tensor weight(boolean doubleQuant) {
        return Weights.nf4(Weights.normal(200, 2), doubleQuant, 1);
    }

    @ParameterizedTest
    @MethodSource("both")
    void readsWhatWasWritten(boolean doubleQuant) throws IOException {
        Nf4Tensor weight = weight(doubleQuant);
        Nf4Tensor read;
        try (SafetensorsFile file = file(tensors(weight))) {
            assertThat(Nf4Checkpoint.holds(file, NAME)).isTrue();
            assertThat(Nf4Checkpoint.holds(file, "other.weight")).isFalse();
            read = Nf4Checkpoint.read(file, NAME, false);
        }
        assertThat(read.shape()).containsExactly(5, 40);
        assertThat(read.byteSize()).isEqualTo(weight.byteSize());
        assertThat(Weights.widened(read, 2)).isEqualTo(Weights.widened(weight, 1));
    }

    static Stream<Boolean> both() {
        return Stream.of(false, true);
    }

    static Stream<Arguments> damages() {
        Map<String, TensorData> changes = new LinkedHashMap<>();
        text(changes, "other block size", PLAIN_STATE.replace("64", "128"));
        text(changes, "fp4 by its state", PLAIN_STATE.replace("nf4", "fp4"));
        text(changes, "another shape", PLAIN_STATE.replace("[5, 40]", "[5, 64]"));
        text(changes, "no shape", PLAIN_STATE.replace("[5, 40]", "null"));
        text(changes, "shape too large", PLAIN_STATE.replace("[5, 40]", "[4294967296, 4294967296]"));
        text(changes, "not JSON", "{");
        text(changes, "nested blocks", DOUBLE_STATE.formatted("0.5").replace("256", "64"));
        text(changes, "offset", DOUBLE_STATE.formatted("\"0.5\""));
        return Stream.of(
                state(changes, "other block size", "blocksize of 'layer.weight' is '128', only 64 is read"),
                state(changes, "fp4 by its state", "quant_type of 'layer.weight' is 'fp4', only nf4 is read"),
                state(changes, "another shape", "tensor 'layer.weight' is U8[100], must be U8 with 160 elements"),
                state(changes, "no shape", "shape is 'null', must be a list of positive numbers"),
                state(changes, "shape too large", "shape is '[4294967296,4294967296]', must be a list"),
                state(changes, "not JSON", "not well-formed JSON"),
                state(changes, "nested blocks", "nested_blocksize of 'layer.weight' is '64', only 256 is read"),
                state(changes, "offset", "nested_offset is '\"0.5\"', must be a number"),
                change(
                        Weights.f32(NAME + ".absmax", new float[3]),
                        "'layer.weight.absmax' is F32[3], must be F32 with 4"),
                change(
                        Weights.f32(NAME + ".absmax", new float[] {1, 1, Float.NaN, 1}),
                        "'layer.weight.absmax' is NaN at element 2"),
                change(Weights.f32(NAME + ".quant_map", new float[16]), "'layer.weight.quant_map' gives code 0"),
                change(Weights.f32(NAME, new float[100]), "'layer.weight' is F32[100], must be U8"));
    }

    private static Arguments state(Map<String, TensorData> changes, String name, String message) {
        TensorData stored = changes.get(name);
        ByteBuffer text = stored.data().get().read(0, (int) stored.byteSize());
        return change(TensorData.of(STATE, TensorType.U8, new long[] {text.remaining()}, text), message);
    }

    private static Arguments change(TensorData tensor, String message) {
        return Arguments.of(tensor, message);
    }

    @ParameterizedTest
    @MethodSource("damages")
    void refusesInconsistentTensorsByName(TensorData change, String message) throws IOException {
        Map<String, TensorData> tensors = tensors(weight(false));
        put(tensors, change);
        try (SafetensorsFile file = file(tensors)) {
            assertThatThrownBy(() -> Nf4Checkpoint.read(file, NAME, false))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining(message)
                    .hasMessageContaining("model.safetensors")
                    .hasMessageNotContaining("\n");
        }
    }

    @Test
    void namesAMissingTensor() throws IOException {
        Map<String, TensorData> tensors = tensors(weight(true));
        tensors.remove(NAME + ".nested_absmax");
        try (SafetensorsFile file = file(tensors)) {
            assertThatThrownBy(() -> Nf4Checkpoint.read(file, NAME, false))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("there is no tensor 'layer.weight.nested_absmax'");
        }
    }

    @Test
    void refusesOtherFormatsOfBitsandbytes() throws IOException {
        Map<String, TensorData> fp4 = new LinkedHashMap<>();
        bytes(fp4, NAME, ByteBuffer.allocate(8));
        text(fp4, NAME + ".quant_state.bitsandbytes__fp4", "{}");
        bytes(fp4, "eight.weight", ByteBuffer.allocate(8));
        put(fp4, Weights.f32("eight.SCB", new float[2]));
        put(fp4, Weights.f32("plain.weight", new float[2]));
        try (SafetensorsFile file = file(fp4)) {
            assertThatThrownBy(() -> Nf4Checkpoint.holds(file, NAME)).hasMessageContaining("bitsandbytes' 4-bit fp4;");
            assertThatThrownBy(() -> Nf4Checkpoint.holds(file, "eight.weight"))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("bitsandbytes' 8-bit;");
            assertThatThrownBy(() -> Nf4Checkpoint.read(file, "plain.weight", false))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("'plain.weight' is not quantised");
        }
    }

    static Stream<Arguments> otherQuantisations() {
        return Stream.of(
                Arguments.of("{\"quant_method\": \"gptq\", \"bits\": 4}", "quant_method is 'gptq'"),
                Arguments.of("{\"quant_method\": \"awq\", \"bits\": 4}", "quant_method is 'awq'"),
                Arguments.of("{\"quant_method\": \"bitsandbytes\", \"load_in_8bit\": true}", "load_in_8bit is 'true'"),
                Arguments.of(
                        "{\"load_in_4bit\": true, \"bnb_4bit_quant_type\": \"fp4\"}", "bnb_4bit_quant_type is 'fp4'"),
                Arguments.of("{\"load_in_4bit\": true}", "bnb_4bit_quant_type is 'fp4'"),
                Arguments.of(
                        "{\"load_in_4bit\": true, \"bnb_4bit_quant_type\": \"nf4\","
                                + " \"bnb_4bit_quant_storage\": \"bfloat16\"}",
                        "bnb_4bit_quant_storage is 'bfloat16'"),
                Arguments.of("{}", "quant_method is 'bitsandbytes without load_in_4bit'"));
    }

    @ParameterizedTest
    @MethodSource("otherQuantisations")
    void refusesOtherQuantisationsByName(String settings, String message) throws IOException {
        Files.writeString(folder.resolve(HfConfig.FILE), "{\"quantization_config\": " + settings + "}");
        HfConfig config = HfConfig.read(folder);
        assertThatThrownBy(() -> Nf4Checkpoint.isQuantized(config))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("config.json: quantization_config." + message)
                .hasMessageContaining("give the model in full precision");
    }
}
