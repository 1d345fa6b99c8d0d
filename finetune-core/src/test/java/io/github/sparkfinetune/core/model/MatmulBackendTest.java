package io.github.sparkfinetune.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Processor;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Scripts of every platform compute the products that are written out here. */
class MatmulBackendTest {
    @BeforeAll
    static void start() {
        Torch.start(1);
    }

    @ParameterizedTest
    @CsvSource({
        "Linux, aarch64, '', PYTORCH",
        "Mac OS X, x86_64, '', PYTORCH",
        "Linux, amd64, AuthenticAMD, ONEDNN",
        "Linux, amd64, '', ONEDNN",
        "Linux, amd64, GenuineIntel, PYTORCH"
    })
    void choosesTheScriptOfThePlatform(String system, String architecture, String vendor, MatmulBackend expected) {
        MatmulBackend backend = MatmulBackend.f32(system, architecture, new Processor(vendor, Set.of()));
        assertThat(backend).isEqualTo(expected);
        try (NDManager manager = Torch.manager(-1)) {
            ScriptModule module = ScriptModule.load(manager, List.of(backend.module()), Map.of());
            NDArray x = manager.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(1, 2, 3));
            NDArray weight = manager.create(new float[] {1, 0, -1, 2, 1, 0}, new Shape(2, 3));
            NDArray bias = manager.create(new float[] {10, 20});
            NDArray y = module.callOne(manager, "affine", x, weight, bias);
            assertThat(y.getShape()).isEqualTo(new Shape(1, 2, 2));
            assertThat(y.toFloatArray()).containsExactly(8, 24, 8, 33);
            NDArray tall = manager.create(new float[] {1, 0, -1, 2, 1, 0, 1, 1, 1, 0, 0, 2}, new Shape(4, 3));
            assertThat(module.callOne(manager, "affine", x, tall, manager.create(new float[] {0, 0, 0, 1}))
                            .toFloatArray())
                    .containsExactly(-2, 4, 6, 7, -2, 13, 15, 13);
            NDArray g = manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 2));
            assertThat(module.callOne(manager, "times", g, weight).toFloatArray())
                    .containsExactly(5, 2, -1, 11, 4, -3);
        }
    }

    @Test
    void computesInF32OnProcessorsUnlessBf16IsSet() {
        try (NDManager manager = Torch.manager(-1)) {
            Device device = Device.of(manager);
            assertThat(MatmulBackend.of(PrecisionChoice.AUTO, device)).isEqualTo(MatmulBackend.f32());
            assertThat(MatmulBackend.of(PrecisionChoice.FP32, device)).isEqualTo(MatmulBackend.f32());
            assertThat(MatmulBackend.of(PrecisionChoice.BF16, device)).isEqualTo(MatmulBackend.BF16);
        }
    }

    @Test
    void roundsFactorsToBf16AndSumsInF32() {
        try (NDManager manager = Torch.manager(-1)) {
            ScriptModule module = ScriptModule.load(manager, List.of(MatmulBackend.BF16.module()), Map.of());
            // 1 + 2^-9 is no BF16 number, 1 + 2^-7 is.
            NDArray x = manager.create(new float[] {1 + 0x1p-9f, 1 + 0x1p-7f}, new Shape(1, 2));
            NDArray weight = manager.create(new float[] {1, 0, 0, 1}, new Shape(2, 2));
            NDArray y = module.callOne(manager, "affine", x, weight, manager.create(new float[] {0, 0x1p-9f}));
            assertThat(y.toFloatArray()).containsExactly(1, 1 + 0x1p-7f + 0x1p-9f);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 40})
    void addsABiasBeforeItRounds(int rows) {
        try (NDManager manager = Torch.manager(-1)) {
            ScriptModule module = ScriptModule.load(manager, List.of(MatmulBackend.BF16.module()), Map.of());
            NDArray x =
                    manager.create(new float[] {1, 0x1p-8f}, new Shape(1, 2)).repeat(0, rows);
            NDArray weight = manager.ones(new Shape(2, 2));
            NDArray y = module.callOne(manager, "biased_product", x, weight, manager.create(new float[] {0, 0x1p-8f}));

            // Rounded before, 1 + 2^-8 would be 1, and again with the bias.
            float[] both = {1, 1 + 0x1p-7f};
            float[] all = y.toType(DataType.FLOAT32, false).toFloatArray();
            for (int row = 0; row < rows; row++) {
                assertThat(Arrays.copyOfRange(all, 2 * row, 2 * row + 2)).containsExactly(both);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void computesTheOuterProductOfATableInParts(boolean add) {
        int rows = 5000;
        try (NDManager manager = Torch.manager(-1)) {
            ScriptModule module = ScriptModule.load(manager, List.of(MatmulBackend.BF16.module()), Map.of());
            NDArray target = manager.ones(new Shape(rows, 1));
            float[] gradient = new float[2 * rows];
            float[] expected = new float[rows];
            for (int row = 0; row < rows; row++) {
                gradient[row] = row % 97;
                gradient[rows + row] = row % 13;
                expected[row] = 2 * (row % 97) - row % 13 + (add ? 1 : 0);
            }
            NDArray x = manager.create(new float[] {2, -1}, new Shape(2, 1));
            module.callOne(manager, "outer", target, manager.create(gradient, new Shape(2, rows)), x, add);
            assertThat(target.toFloatArray()).containsExactly(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 40})
    void multipliesGradientsOverAVocabularyInParts(int tokens) {
        int vocabulary = 40_000;
        try (NDManager manager = Torch.manager(-1)) {
            ScriptModule module = ScriptModule.load(manager, List.of(MatmulBackend.BF16.module()), Map.of());
            float[] gradient = new float[tokens * vocabulary];
            float[] expected = new float[2 * tokens];
            float[] table = new float[2 * vocabulary];
            for (int id = 0; id < vocabulary; id += 3999) {
                table[2 * id] = id % 7;
                table[2 * id + 1] = 1;
                for (int token = 0; token < tokens; token++) {
                    gradient[token * vocabulary + id] = token;
                    expected[2 * token] += token * (id % 7);
                    expected[2 * token + 1] += token;
                }
            }
            NDArray g = manager.create(gradient, new Shape(tokens, vocabulary));
            NDArray weight = manager.create(table, new Shape(vocabulary, 2));
            float[] actual = module.callOne(manager, "times", g, weight).toFloatArray();
            for (int i = 0; i < actual.length; i++) {
                // A sum of few tokens is rounded to BF16 once.
                assertThat(actual[i]).isCloseTo(expected[i], within(expected[i] * (tokens > 32 ? 0 : 0x1p-8f)));
            }
        }
    }
}
