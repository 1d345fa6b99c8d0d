package io.github.sparkfinetune.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Names in Python and in a TorchScript archive. */
class ScriptNamesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "F.silu(x) | torch.silu(x)",
                "F.gelu(F.linear(x, w)) | torch.gelu(torch.linear(x, w))",
                "torch.ops.aten.tanh_backward(g, y) | ops.aten.tanh_backward(g, y)",
                "torch.ops.mkldnn._linear_pointwise(x) | ops.mkldnn._linear_pointwise(x)",
                "torch.linalg.vector_norm(x) | torch.linalg_vector_norm(x)",
                "torch.autograd.grad([y], [x]) | torch.grad([y], [x])",
                "x.to(torch.uint8) | x.to(0)",
                "x.to(torch.int8) | x.to(1)",
                "x.to(torch.int16) | x.to(2)",
                "x.to(torch.int32) | x.to(3)",
                "x.to(torch.int64) | x.to(4)",
                "x.to(torch.float16) | x.to(5)",
                "x.to(torch.float32) | x.to(6)",
                "x.to(torch.float64) | x.to(7)",
                "x.to(torch.bfloat16) | x.to(15)",
                "torch.ones(s, dtype=torch.bool) | torch.ones(s, dtype=11)",
                "{'a': x, } | {'a': x }",
            })
    void mapsNames(String python, String archive) {
        assertThat(ScriptNames.of(python).mapped()).isEqualTo(archive);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "self.F.silu",
                "xF.silu",
                "torch.float32x",
                "torch.boolean",
                "my_torch.ops.aten",
                "f.linear(x)",
                "g(x, y,)",
                "'F.silu' + \"torch.ops.a\" + 'it\\'s torch.bool,}'",
                "# F.silu, torch.int64",
                "\"\"\"F.silu 'torch.bool \" # torch.int64 \"\"\"",
            })
    void leavesOtherNames(String text) {
        assertThat(ScriptNames.of(text).mapped()).isEqualTo(text);
    }

    @Test
    void keepsLines() {
        String text = """
                def a(self):
                    \"""F.silu

                    torch.bool\"""
                    return {
                        "y": F.silu(x),
                    }
                """;
        assertThat(ScriptNames.of(text).mapped()).isEqualTo("""
                def a(self):
                    \"""F.silu

                    torch.bool\"""
                    return {
                        "y": torch.silu(x)
                    }
                """);
        assertThat(ScriptNames.of("x = 'class A:' # class B:\n  y\n\"\"\"\nclass C\n\"\"\"")
                        .masked())
                .isEqualTo("x =                      \n  y\n   \n       \n   ");
    }
}
