package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Python modules as TorchScript: allowed syntax, attributes, and error messages. */
class ScriptModuleTest {
    private static final String SAMPLES = "core.tensor.samples.";
    private static final String ACT = "F.silu # torch.bool";

    private NDManager manager;

    @BeforeEach
    void start() {
        Torch.start(1);
        manager = Torch.manager(-1);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private ScriptModule language(boolean flag) {
        return load("language", Map.of("size", -5, "eps", 1e-300, "flag", flag, "act", ACT));
    }

    private ScriptModule load(String name, Map<String, Object> attributes) {
        return ScriptModule.load(manager, List.of(SAMPLES + name), attributes);
    }

    @Test
    void setsAttributesFromJava() {
        NDList values = language(true).call(manager, "attributes");
        assertThat(values.get(0).getLong()).isEqualTo(-5);
        assertThat(values.get(1).getDouble()).isEqualTo(1e-300);
        assertThat(values.get(2).getBoolean()).isTrue();
        assertThat(language(false).call(manager, "attributes").get(2).getBoolean())
                .isFalse();
    }

    @Test
    void runsPython() {
        ScriptModule script = language(true);
        NDArray x = manager.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(3, 2));
        NDArray bias = manager.create(new float[] {10, 20});
        NDArray weight = manager.create(new float[] {0, 1, 1, 0}, new Shape(2, 2));
        assertThat(script.callOne(manager, "optional", x, Map.of(), "a").toFloatArray())
                .containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(script.callOne(manager, "optional", x, Map.of("a.bias", bias), "a")
                        .toFloatArray())
                .containsExactly(11, 22, 13, 24, 15, 26);
        assertThat(script.callOne(manager, "optional", x, Map.of("a.bias", bias, "a", weight), "a")
                        .toFloatArray())
                .containsExactly(12, 21, 14, 23, 16, 25);
        assertThat(script.callOne(manager, "gradient", manager.create(new float[] {0, 100}))
                        .toFloatArray())
                .containsExactly(0.5f, 1);
        NDList halves = script.call(manager, "halves", x, 3.0);
        assertThat(halves.get(0).toFloatArray()).containsExactly(6, 12, 18);
        assertThat(halves.get(1).toFloatArray()).containsExactly(3, 5, 7);
    }

    @Test
    void returnsTensorsByName() {
        NDArray x = manager.arange(6f);
        long before = manager.getManagedArrays().size();
        Map<String, NDArray> named = language(true).callNamed(manager, "named", x, new long[] {1, 3, 2});
        Map<String, float[]> values = new HashMap<>();
        named.forEach((name, tensor) -> values.put(name, tensor.toFloatArray()));
        assertThat(values)
                .containsOnlyKeys("part.0", "part.1", "part.2", "first", "last")
                .hasEntrySatisfying("part.1", part -> assertThat(part).containsExactly(1, 2, 3))
                .hasEntrySatisfying("last", part -> assertThat(part).containsExactly(5));
        assertThat(manager.getManagedArrays()).hasSize((int) before + 5);
    }

    @Test
    void overridesByADerivedClassInAnyOrder() {
        for (List<String> order : List.of(
                List.of(SAMPLES + "derived"),
                List.of(SAMPLES + "unimportant", SAMPLES + "derived"),
                List.of(SAMPLES + "derived", SAMPLES + "unimportant"))) {
            ScriptModule script = ScriptModule.load(manager, order, Map.of("size", 4));
            assertThat(script.callOne(manager, "two", manager.create(1f)).getFloat())
                    .isEqualTo(5);
        }
    }

    @Test
    void reportsAnErrorByFileLineAndMethod() {
        assertThatThrownBy(() -> load("unknown_operator", Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("core/tensor/samples/unknown_operator.py:13, bad: "
                        + "Unknown builtin op: aten::sillu. Here are some suggestions: aten::silu ")
                .hasMessageNotContainingAny("\n", "The original call");
        assertThatThrownBy(() -> load("bad_syntax", Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("core/tensor/samples/bad_syntax.py:7, bad: expected ident but found '+'");
        assertThatThrownBy(() -> load("bad_argument", Map.of("size", 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("core/tensor/samples/bad_argument.py:8, bad: Arguments for call are not valid.")
                .hasMessageContaining("Expected a value of type 'Tensor' for argument 'mat2'");
        ScriptModule script = language(true);
        assertThatThrownBy(() -> script.call(manager, "fails", manager.ones(new Shape(3))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("fails: core/tensor/samples/language.py:70, deeper: "
                        + "RuntimeError: shape '[7, 11]' is invalid for input of size 3");
        assertThatThrownBy(() -> script.call(manager, "missing"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("Method 'missing' is not defined");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "unimportant | | attribute size of the script is int, got null",
                "unimportant | 1.5 | attribute size of the script is int, got 1.5",
                "other_type | 1 | attribute size of the script is float, got 1",
                "absent | 1 | no resource /io/github/sparkfinetune/core/tensor/samples/absent.py",
                "statement | 1 | core/tensor/samples/statement.py:3: before the first class only imports can stand",
                "constant | 1 | core/tensor/samples/constant.py:5: in a class only \"name: type\" and methods can stand",
            })
    void refusesWrongAttributesAndSyntax(String module, Double size, String message) {
        Map<String, Object> attributes = new HashMap<>();
        if (size != null) {
            attributes.put("size", size == Math.rint(size) ? (Object) size.intValue() : size);
        }
        assertThatThrownBy(() -> load(module, attributes))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void refusesContradictoryClasses() {
        assertThatThrownBy(() ->
                        ScriptModule.load(manager, List.of(SAMPLES + "derived", SAMPLES + "rival"), Map.of("size", 1)))
                .hasMessage("method one is defined in core.tensor.samples.derived and in core.tensor.samples.rival");
        assertThatThrownBy(() -> ScriptModule.load(
                        manager, List.of(SAMPLES + "unimportant", SAMPLES + "other_type"), Map.of("size", 1)))
                .hasMessage("core/tensor/samples/other_type.py: attribute size is float, elsewhere int");
    }
}
