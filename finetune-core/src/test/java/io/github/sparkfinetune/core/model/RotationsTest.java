package io.github.sparkfinetune.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.arch.rope.RotaryPositions;
import io.github.sparkfinetune.core.model.batch.Rotations;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rotary angles equal those of {@code transformers}; {@code make_rotations.py} writes the reference. */
class RotationsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private JsonNode reference;

    @BeforeEach
    void read() throws Exception {
        try (InputStream file = RotationsTest.class.getResourceAsStream("/rotations/rotations.json")) {
            reference = JSON.readTree(file);
        }
    }

    private DecoderArchitecture llama(JsonNode config) throws Exception {
        Files.write(folder.resolve(HfConfig.FILE), JSON.writeValueAsBytes(config));
        return Architectures.decoder(HfConfig.read(folder));
    }

    private RotaryPositions rotary(JsonNode config) throws Exception {
        return llama(config).attention(0).rotary().orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "plain",
                "llama3",
                "linear",
                "dynamic",
                "yarn",
                "yarn, every number",
                "yarn, attention factor",
                "partial",
                "longrope"
            })
    void equalsTheReference(String name) throws Exception {
        Torch.start(1);
        JsonNode expected = reference.path(name);
        try (NDManager manager = Torch.manager(-1)) {
            ScriptModule script = ScriptModule.load(manager, List.of("core.model.rope"), Map.of());
            DecoderArchitecture llama = llama(expected.path("config"));
            RotaryPositions rotary = llama.attention(0).rotary().orElseThrow();
            NDArray frequencies = Rotations.frequencies(manager, script, rotary);
            assertClose(frequencies, List.of(expected.path("frequencies")), 1e-7);
            NDArray positions = manager.create(JSON.convertValue(reference.path("positions"), long[].class));
            Map<String, NDArray> rotations =
                    script.callNamed(manager, "rotations", positions, frequencies, rotary.factor());
            assertClose(rotations.get("cos"), expected.path("cosines"), 1e-6);
            assertClose(rotations.get("sin"), expected.path("sines"), 1e-6);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void rotatesIntoBf16WithOneRounding(int half) {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            ScriptModule script =
                    ScriptModule.load(manager, List.of("core.model.rope", "core.tensor.tensors"), Map.of());
            NDArray angles = manager.randomNormal(new Shape(5, 1, half));
            Map<String, NDArray> batch = Map.of("cos", angles.cos(), "sin", angles.sin());
            NDArray x = manager.randomNormal(new Shape(5, 12));
            NDArray wide = script.callOne(manager, "rotated", x, 2, batch, -1);
            NDArray narrow = script.callOne(manager, "empty_bf16", new long[] {5, 12}, x);
            NDArray expected = script.callOne(manager, "empty_bf16", new long[] {5, 12}, x);
            script.call(manager, "copy", expected, wide);
            script.call(manager, "rotate_into", narrow, x, 2, batch, -1);
            assertThat(script.callOne(manager, "f32", narrow).toFloatArray())
                    .isEqualTo(script.callOne(manager, "f32", expected).toFloatArray());
        }
    }

    private static void assertClose(NDArray actual, Iterable<JsonNode> rows, double tolerance) {
        float[] values = actual.toFloatArray();
        int i = 0;
        for (JsonNode row : rows) {
            for (JsonNode value : row) {
                assertThat((double) values[i]).as("element %d", i).isCloseTo(value.doubleValue(), within(tolerance));
                i++;
            }
        }
        assertThat(values).hasSize(i);
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "llama3", "yarn", "partial", "longrope"})
    void readsTheKeysOfTransformers5(String name) throws Exception {
        ObjectNode config = reference.path(name).path("config").deepCopy();
        RotaryPositions expected = rotary(config);
        int positions = llama(config).shape().tables().positions();
        ObjectNode parameters = config.path("rope_scaling").isObject()
                ? (ObjectNode) config.remove("rope_scaling")
                : JSON.createObjectNode().put("rope_type", "default");
        for (String key : List.of("rope_theta", "partial_rotary_factor", "original_max_position_embeddings")) {
            if (config.has(key)) {
                parameters.set(key, config.remove(key));
            }
        }
        config.set("rope_parameters", parameters);
        assertThat(rotary(config)).isEqualTo(expected);
        assertThat(llama(config).shape().tables().positions()).isEqualTo(positions);
        assertThat(expected.scaling().isPresent())
                .isEqualTo(!Set.of("plain", "partial").contains(name));
    }

    @ParameterizedTest
    @CsvSource({
        "rope_type, ntk, rope_scaling of type ntk is not supported; supported are",
        "type, linear, rope_scaling has no number factor",
        "type, dynamic, rope_scaling has no number factor",
        "rope_type, yarn, rope_scaling has no number factor",
        "rope_type, longrope, rope_scaling has no list short_factor",
        "rope_type, llama3, rope_scaling has no number factor",
    })
    void refusesUnsupportedScalingsByName(String key, String type, String message) throws Exception {
        ObjectNode config = reference.path("plain").path("config").deepCopy();
        config.putObject("rope_scaling").put(key, type);
        assertThatThrownBy(() -> llama(config))
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageContaining(message)
                .hasMessageContaining("config.json");
    }

    /** Limits texts to the length before scaling, because transformers uses other angles for longer texts. */
    @Test
    void limitsLongRopeTextsToTheOriginalLength() throws Exception {
        JsonNode config = reference.path("longrope").path("config");
        assertThat(llama(config).shape().tables().positions()).isEqualTo(8192);
        assertThat(llama(reference.path("yarn").path("config")).shape().tables().positions())
                .isEqualTo(131072);
    }

    @Test
    void readsADefaultScalingAsNone() throws Exception {
        ObjectNode config = reference.path("plain").path("config").deepCopy();
        config.putObject("rope_scaling").put("rope_type", "default");
        assertThat(rotary(config).scaling()).isEmpty();
    }
}
