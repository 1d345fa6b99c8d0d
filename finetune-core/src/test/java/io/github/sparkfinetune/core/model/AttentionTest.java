package io.github.sparkfinetune.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Attention within documents, by the CPU's fused kernel and by the plain operator that GPUs use, against a slow control
 * in Java; and their gradients against its differences.
 */
class AttentionTest {
    private static final long[] DOCUMENTS = {5, 1, 6, 6, 7};
    private static final int TOKENS = 25;
    private static final double SCALE = 0.7;
    private static final int WIDTH = 8;

    @ParameterizedTest
    @CsvSource({
        "4, 4, 0, 0",
        "4, 2, 0, 0",
        "6, 1, 0, 0",
        "4, 2, 3, 0",
        "4, 1, 6, 0",
        "3, 3, 1, 0",
        "4, 2, 0, 1.5",
        "4, 1, 3, 3",
        "3, 3, 6, 20"
    })
    void isWhatItsDefinitionSays(int heads, int kv, int window, double cap) {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            float[][] inputs = {values(1, heads), values(2, kv), values(3, kv)};
            float[] upstream = values(4, heads);
            List<NDArray> x = Stream.of(0, 1, 2)
                    .map(i -> manager.create(inputs[i], new Shape(TOKENS, (long) WIDTH * (i == 0 ? heads : kv))))
                    .toList();
            NDArray go = manager.create(upstream, x.get(0).getShape());
            Map<String, NDArray> windows = LayerInputs.windows(manager, DOCUMENTS, window);
            assertThat(windows.keySet())
                    .isEqualTo(Arrays.stream(DOCUMENTS)
                            .filter(length -> window > 0 && length > window)
                            .mapToObj(length -> "window." + length)
                            .collect(Collectors.toSet()));
            double[] expected = attention(inputs, heads, kv, window, cap);
            double[][] gradients = gradients(inputs, upstream, heads, kv, window, cap);
            for (boolean fused : cap == 0 ? new boolean[] {true, false} : new boolean[] {false}) {
                ScriptModule script = ScriptModule.load(
                        manager,
                        List.of(MatmulBackend.f32().module(), "core.model.document_attention"),
                        Map.of(
                                "num_heads", heads,
                                "num_key_value_heads", kv,
                                "fused_attention", fused,
                                "attention_scale", SCALE,
                                "attention_cap", cap));
                Map<String, NDArray> kept = new LinkedHashMap<>(
                        script.callNamed(manager, "attend", x.get(0), x.get(1), x.get(2), DOCUMENTS, windows, fused));
                int calls = window == 0 || window >= 6 ? DOCUMENTS.length - 1 : DOCUMENTS.length;
                assertThat(kept).hasSize(fused ? 1 + calls : 1);
                assertClose("output, fused " + fused, kept.get("attended"), expected, 1e-6);
                kept.putAll(Map.of("q", x.get(0), "k", x.get(1), "v", x.get(2)));
                NDList back = script.call(manager, "attend_backward", go, kept, DOCUMENTS, windows);
                for (int i = 0; i < 3; i++) {
                    assertClose("gradient of " + "qkv".charAt(i) + ", fused " + fused, back.get(i), gradients[i], 2e-5);
                }
            }
        }
    }

    private static float[] values(long seed, int heads) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[TOKENS * heads * WIDTH];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** softmax(capped SCALE q k') v over the last {@code window} tokens of the document, or all. */
    private static double[] attention(float[][] qkv, int heads, int kv, int window, double cap) {
        double[] out = new double[TOKENS * heads * WIDTH];
        for (int head = 0; head < heads; head++) {
            for (int query = 0, start = 0, document = 0; query < TOKENS; query++) {
                if (query == start + DOCUMENTS[document]) {
                    start += (int) DOCUMENTS[document++];
                }
                int first = window == 0 ? start : Math.max(start, query - window + 1);
                double[] p = new double[query + 1 - first];
                for (int key = first; key <= query; key++) {
                    double dot = 0;
                    for (int i = 0; i < WIDTH; i++) {
                        dot += (double) qkv[0][at(query, head, heads, i)] * qkv[1][at(key, head * kv / heads, kv, i)];
                    }
                    double score = SCALE * dot;
                    p[key - first] = Math.exp(cap == 0 ? score : cap * Math.tanh(score / cap));
                }
                double sum = Arrays.stream(p).sum();
                for (int key = first; key <= query; key++) {
                    for (int i = 0; i < WIDTH; i++) {
                        out[at(query, head, heads, i)] +=
                                p[key - first] / sum * qkv[2][at(key, head * kv / heads, kv, i)];
                    }
                }
            }
        }
        return out;
    }

    private static int at(int token, int head, int heads, int i) {
        return (token * heads + head) * WIDTH + i;
    }

    /** Central differences of the control, exact to the square of the step. */
    private static double[][] gradients(float[][] qkv, float[] upstream, int heads, int kv, int window, double cap) {
        double[][] gradients = new double[3][];
        for (int tensor = 0; tensor < 3; tensor++) {
            float[] x = qkv[tensor];
            gradients[tensor] = new double[x.length];
            // Every 7th element: the control is slow.
            for (int i = 0; i < x.length; i++) {
                if (i % 7 != 0) {
                    gradients[tensor][i] = Double.NaN;
                    continue;
                }
                float was = x[i];
                float step = 0x1p-8f;
                x[i] = was + step;
                double above = dot(attention(qkv, heads, kv, window, cap), upstream);
                double to = x[i];
                x[i] = was - step;
                double below = dot(attention(qkv, heads, kv, window, cap), upstream);
                gradients[tensor][i] = (above - below) / (to - x[i]);
                x[i] = was;
            }
        }
        return gradients;
    }

    private static double dot(double[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /** Elements whose expected value is not a number are not compared. */
    private static void assertClose(String what, NDArray actual, double[] expected, double tolerance) {
        float[] values = actual.toFloatArray();
        assertThat(values).as(what).hasSize(expected.length);
        for (int i = 0; i < values.length; i++) {
            if (!Double.isNaN(expected[i])) {
                assertThat((double) values[i]).as("%s[%d]", what, i).isCloseTo(expected[i], within(tolerance));
            }
        }
    }
}
