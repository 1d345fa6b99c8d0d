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
import java.util.stream.IntStream;
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
            Control control =
                    new Control(heads, kv, cap, (query, key) -> key <= query && (window == 0 || query - key < window));
            double[] expected = control.attention(inputs);
            double[][] gradients = control.gradients(inputs, upstream);
            for (boolean fused : cap == 0 ? new boolean[] {true, false} : new boolean[] {false}) {
                ScriptModule script = ScriptModule.load(
                        manager,
                        List.of(MatmulBackend.f32().module(), "core.model.document_attention"),
                        Map.of(
                                "num_heads", heads,
                                "num_key_value_heads", kv,
                                "causal", true,
                                "fused_attention", fused,
                                "attention_scale", SCALE,
                                "attention_cap", cap));
                Map<String, NDArray> kept = new LinkedHashMap<>(
                        script.callNamed(manager, "attend", x.get(0), x.get(1), x.get(2), DOCUMENTS, windows, fused));
                // Two documents of one length share a call.
                assertThat(kept).hasSize(fused ? DOCUMENTS.length : 1);
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

    /**
     * Attention to all tokens, or to those near by: in one band over all documents, or document by document, with
     * padding behind the last two tokens of the fourth.
     */
    @ParameterizedTest
    @CsvSource({
        "0, false, false",
        "0, false, true",
        "2, true, false",
        "2, false, false",
        "2, false, true",
        "5, true, false"
    })
    void toBothSidesIsWhatItsDefinitionSays(int window, boolean banded, boolean padded) {
        int heads = 3;
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            float[][] inputs = {values(1, heads), values(2, heads), values(3, heads)};
            float[] upstream = values(4, heads);
            List<NDArray> x = Stream.of(0, 1, 2)
                    .map(i -> manager.create(inputs[i], new Shape(TOKENS, (long) WIDTH * heads)))
                    .toList();
            NDArray go = manager.create(upstream, x.get(0).getShape());
            int paddedFrom = padded ? 16 : TOKENS;
            int paddedTo = 18;
            Control control = new Control(
                    heads,
                    heads,
                    0,
                    (query, key) ->
                            (window == 0 || Math.abs(query - key) <= window) && (key < paddedFrom || key >= paddedTo));
            double[] expected = control.attention(inputs);
            double[][] gradients = control.gradients(inputs, upstream);
            Map<String, NDArray> batch = new LinkedHashMap<>(
                    banded ? Map.of("band", UnpaddedTexts.band(manager, DOCUMENTS, window)) : Map.of());
            if (!banded) {
                batch.putAll(UnpaddedTexts.windows(manager, DOCUMENTS, window));
            }
            if (padded) {
                float[] bias = {0, 0, 0, 0, Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY};
                batch.put("padding.12", manager.create(bias));
            }
            for (boolean fused : padded ? new boolean[] {false} : new boolean[] {true, false}) {
                ScriptModule script = ScriptModule.load(
                        manager,
                        List.of(
                                MatmulBackend.f32().module(),
                                padded ? "core.model.dropped_attention" : "core.model.banded_attention"),
                        Map.of(
                                "num_heads", heads,
                                "num_key_value_heads", heads,
                                "causal", false,
                                "fused_attention", fused,
                                "attention_scale", SCALE,
                                "attention_cap", 0.0,
                                "probs_scale", 1.0));
                Map<String, NDArray> kept = new LinkedHashMap<>(Map.of("q", x.get(0), "k", x.get(1), "v", x.get(2)));
                Map<String, NDArray> none = Map.of();
                NDList back;
                if (banded) {
                    NDArray band = batch.get("band");
                    kept.putAll(script.callNamed(manager, "attend_near", x.get(0), x.get(1), x.get(2), band, fused));
                    back = script.call(manager, "attend_near_backward", go, kept, band);
                } else if (padded) {
                    kept.put(
                            "attended",
                            script.callOne(
                                    manager,
                                    "dropped_attention",
                                    x.get(0),
                                    x.get(1),
                                    x.get(2),
                                    DOCUMENTS,
                                    batch,
                                    none));
                    back = script.call(manager, "dropped_attention_backward", go, kept, DOCUMENTS, batch, none);
                } else {
                    kept.putAll(
                            script.callNamed(manager, "attend", x.get(0), x.get(1), x.get(2), DOCUMENTS, batch, fused));
                    back = script.call(manager, "attend_backward", go, kept, DOCUMENTS, batch);
                }
                assertClose("output, fused " + fused, kept.get("attended"), expected, 1e-6);
                for (int i = 0; i < 3; i++) {
                    assertClose("gradient of " + "qkv".charAt(i) + ", fused " + fused, back.get(i), gradients[i], 2e-5);
                }
            }
        }
    }

    /** Whether a query sees a key of its own document. */
    private interface Seen {
        boolean test(int query, int key);
    }

    /** softmax(capped SCALE q k') v over the tokens of a query's document that it sees. */
    private record Control(int heads, int kv, double cap, Seen seen) {
        double[] attention(float[][] qkv) {
            double[] out = new double[TOKENS * heads * WIDTH];
            for (int head = 0; head < heads; head++) {
                for (int query = 0, start = 0, document = 0; query < TOKENS; query++) {
                    if (query == start + DOCUMENTS[document]) {
                        start += (int) DOCUMENTS[document++];
                    }
                    attend(qkv, out, head, query, start, start + (int) DOCUMENTS[document]);
                }
            }
            return out;
        }

        private void attend(float[][] qkv, double[] out, int head, int query, int start, int end) {
            int[] some = IntStream.range(start, end)
                    .filter(key -> seen.test(query, key))
                    .toArray();
            double[] p = new double[some.length];
            for (int j = 0; j < some.length; j++) {
                double dot = 0;
                for (int i = 0; i < WIDTH; i++) {
                    dot += (double) qkv[0][at(query, head, heads, i)] * qkv[1][at(some[j], head * kv / heads, kv, i)];
                }
                double score = SCALE * dot;
                p[j] = Math.exp(cap == 0 ? score : cap * Math.tanh(score / cap));
            }
            double sum = Arrays.stream(p).sum();
            for (int j = 0; j < some.length; j++) {
                for (int i = 0; i < WIDTH; i++) {
                    out[at(query, head, heads, i)] += p[j] / sum * qkv[2][at(some[j], head * kv / heads, kv, i)];
                }
            }
        }

        /** Central differences, exact to the square of the step. */
        double[][] gradients(float[][] qkv, float[] upstream) {
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
                    double above = dot(attention(qkv), upstream);
                    double to = x[i];
                    x[i] = was - step;
                    double below = dot(attention(qkv), upstream);
                    gradients[tensor][i] = (above - below) / (to - x[i]);
                    x[i] = was;
                }
            }
            return gradients;
        }
    }

    private static int at(int token, int head, int heads, int i) {
        return (token * heads + head) * WIDTH + i;
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
