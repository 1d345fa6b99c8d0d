package io.github.sparkfinetune.core.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.model.batch.FlashInputs;
import io.github.sparkfinetune.core.model.batch.NearTokens;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Attention within documents, with the CPU's fused kernel and with the plain operator that GPUs use. Outputs are
 * compared with a slow reference in Java, gradients with the reference's finite differences.
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
    void equalsItsDefinition(int heads, int kv, int window, double cap) {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            float[][] inputs = {values(1, heads), values(2, kv), values(3, kv)};
            float[] upstream = values(4, heads);
            List<NDArray> x = Stream.of(0, 1, 2)
                    .map(i -> manager.create(inputs[i], new Shape(TOKENS, (long) WIDTH * (i == 0 ? heads : kv))))
                    .toList();
            NDArray go = manager.create(upstream, x.get(0).getShape());
            Map<String, NDArray> windows = FlashInputs.near(manager, window - 1, 0);
            Reference reference = new Reference(
                    heads, kv, cap, (query, key) -> key <= query && (window == 0 || query - key < window));
            double[] expected = reference.attention(inputs);
            double[][] gradients = reference.gradients(inputs, upstream);
            for (AttentionKernel kernel :
                    cap == 0 ? AttentionKernel.values() : new AttentionKernel[] {AttentionKernel.MATRICES}) {
                boolean fused = kernel == AttentionKernel.FUSED;
                ScriptModule script = script(manager, MatmulBackend.f32(), kernel, heads, kv, cap);
                Map<String, NDArray> kept = new LinkedHashMap<>(
                        script.callNamed(manager, "attend", x.get(0), x.get(1), x.get(2), DOCUMENTS, windows, false));
                // Two documents of one length share a call.
                assertThat(kept).hasSize(fused ? DOCUMENTS.length : 1);
                assertClose("output, " + kernel, kept.get("attended"), expected, 1e-6);
                kept.putAll(Map.of("q", x.get(0), "k", x.get(1), "v", x.get(2)));
                NDList back = script.call(manager, "attend_backward", go, kept, DOCUMENTS, windows);
                for (int i = 0; i < 3; i++) {
                    assertClose("gradient of " + "qkv".charAt(i) + ", " + kernel, back.get(i), gradients[i], 2e-5);
                }
            }
        }
    }

    /**
     * Compares the matrix kernel with the fused kernel, for several blocks of queries and several parts of heads and
     * documents. In F32 both are equal; in BF16 they are equal within its rounding.
     */
    @ParameterizedTest
    @CsvSource({"600, 0, false", "600, 300, false", "70, 0, false", "600, 0, true", "600, 300, true", "70, 0, true"})
    void equalsTheFusedKernelForLongDocuments(int length, int window, boolean half) {
        Torch.start(1);
        long[] documents = {length, length, length};
        int heads = 6;
        try (NDManager manager = Torch.manager(-1)) {
            Map<String, NDArray> windows = FlashInputs.near(manager, window - 1, 0);
            List<NDArray> x = LongStream.rangeClosed(1, 4)
                    .mapToObj(seed -> manager.create(
                            values(seed, 3 * length, seed == 2 || seed == 3 ? 2 : heads),
                            new Shape(3L * length, (seed == 2 || seed == 3 ? 2L : heads) * WIDTH)))
                    .toList();
            ScriptModule kernel = script(manager, MatmulBackend.f32(), AttentionKernel.FUSED, heads, 2, 0);
            List<NDArray> expected = attended(manager, kernel, x, documents, windows);
            MatmulBackend matmul = half ? MatmulBackend.BF16 : MatmulBackend.f32();
            ScriptModule products = script(manager, matmul, AttentionKernel.MATRICES, heads, 2, 0);
            List<NDArray> actual = attended(manager, products, x, documents, windows);
            for (int i = 0; i < 4; i++) {
                float[] fused = expected.get(i).toFloatArray();
                float[] matrices = actual.get(i).toFloatArray();
                assertThat(error(fused, matrices))
                        .as("%d of output, gradients", i)
                        .isLessThan(half ? 0.02 : 1e-6);
                assertThat(actual.get(i).getShape()).isEqualTo(expected.get(i).getShape());
            }
        }
    }

    /** Compares blocks of queries and the keys that they see with the scores of all queries and all keys. */
    @ParameterizedTest
    @CsvSource({
        "700, 100, 0, false",
        "700, 300, 0, false",
        "513, 511, 0, false",
        "700, 1, 0, false",
        "600, 65, 65, false",
        "600, 300, 300, false",
        "700, 100, 0, true",
        "600, 65, 65, true"
    })
    void computesOnlyTheWindowsOfLongDocuments(int length, int before, int after, boolean half) {
        Torch.start(1);
        long[] documents = {length, length, 40};
        int tokens = 2 * length + 40;
        int heads = 3;
        try (NDManager manager = Torch.manager(-1)) {
            Map<String, NDArray> window = FlashInputs.near(manager, before, after);
            List<NDArray> x = LongStream.rangeClosed(1, 4)
                    .mapToObj(seed ->
                            manager.create(values(seed, tokens, heads), new Shape(tokens, (long) heads * WIDTH)))
                    .toList();
            List<NDArray> exact = x.stream()
                    .map(value -> value.toType(DataType.FLOAT64, true))
                    .toList();
            exact.subList(0, 3).forEach(leaf -> leaf.setRequiresGradient(true));
            List<String> all = List.of(MatmulBackend.f32().module(), "core.model.dropped_attention");
            ScriptModule whole =
                    ScriptModule.load(manager, all, attributes(AttentionKernel.PYTORCH, heads, heads, after == 0, 0));
            NDArray q = exact.get(0);
            NDArray k = exact.get(1);
            NDArray v = exact.get(2);
            NDArray attended = Torch.recording(
                    () -> whole.callOne(manager, "dropped_attention", q, k, v, documents, window, Map.of()));
            NDList back = whole.call(manager, "recorded_gradients", attended, q, k, v, exact.get(3));
            List<float[]> expected = Stream.of(attended, back.get(0), back.get(1), back.get(2))
                    .map(value -> value.toType(DataType.FLOAT32, false).toFloatArray())
                    .toList();
            MatmulBackend matmul = half ? MatmulBackend.BF16 : MatmulBackend.f32();
            for (AttentionKernel kernel :
                    half ? new AttentionKernel[] {AttentionKernel.MATRICES} : AttentionKernel.values()) {
                List<String> modules = List.of(matmul.module(), "core.model.document_attention");
                ScriptModule script =
                        ScriptModule.load(manager, modules, attributes(kernel, heads, heads, after == 0, 0));
                List<NDArray> actual = attended(manager, script, x, documents, window);
                for (int i = 0; i < 4; i++) {
                    assertThat(error(expected.get(i), actual.get(i).toFloatArray()))
                            .as("%d of output, gradients, %s", i, kernel)
                            .isLessThan(half ? 0.02 : 1e-6);
                }
            }
        }
    }

    /** Returns the error of values, relative to the norm of the expected values. */
    private static double error(float[] expected, float[] actual) {
        assertThat(actual).hasSameSizeAs(expected);
        double squares = 0;
        double squaredError = 0;
        for (int i = 0; i < expected.length; i++) {
            squares += (double) expected[i] * expected[i];
            squaredError += Math.pow(actual[i] - expected[i], 2);
        }
        return Math.sqrt(squaredError / squares);
    }

    /**
     * Returns the attention output and the gradients of q, k and v, in F32.
     *
     * @param x q, k, v and the upstream gradient
     */
    private static List<NDArray> attended(
            NDManager manager, ScriptModule script, List<NDArray> x, long[] documents, Map<String, NDArray> windows) {
        ScriptModule tensors = ScriptModule.load(manager, List.of("core.tensor.tensors"), Map.of());
        List<NDArray> typed = x.stream()
                .map(tensor -> script.callOne(manager, "cast", tensor))
                .toList();
        Map<String, NDArray> kept = new LinkedHashMap<>(script.callNamed(
                manager, "attend", typed.get(0), typed.get(1), typed.get(2), documents, windows, false));
        NDArray attended = tensors.callOne(manager, "f32", kept.get("attended"));
        kept.putAll(Map.of("q", typed.get(0), "k", typed.get(1), "v", typed.get(2)));
        NDList back = script.call(manager, "attend_backward", x.get(3), kept, documents, windows);
        return List.of(attended, back.get(0), back.get(1), back.get(2));
    }

    private static ScriptModule script(
            NDManager manager, MatmulBackend matmul, AttentionKernel kernel, int heads, int kv, double cap) {
        return ScriptModule.load(
                manager,
                List.of(matmul.module(), "core.model.document_attention"),
                attributes(kernel, heads, kv, true, cap));
    }

    private static Map<String, Object> attributes(
            AttentionKernel kernel, int heads, int kv, boolean causal, double cap) {
        Map<String, Object> attributes = new LinkedHashMap<>(kernel.attributes());
        attributes.putAll(Map.of(
                "num_heads", heads,
                "num_key_value_heads", kv,
                "causal", causal,
                "attention_scale", SCALE,
                "attention_cap", cap,
                "probs_scale", 1.0));
        return attributes;
    }

    private static float[] values(long seed, int heads) {
        return values(seed, TOKENS, heads);
    }

    private static float[] values(long seed, int tokens, int heads) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[tokens * heads * WIDTH];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /**
     * Computes attention to all tokens, or to nearby tokens in one band over all documents or document by document.
     * With padding, the last two tokens before position 18 are padding.
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
    void equalsItsDefinitionInBothDirections(int window, boolean banded, boolean padded) {
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
            Reference reference = new Reference(
                    heads,
                    heads,
                    0,
                    (query, key) ->
                            (window == 0 || Math.abs(query - key) <= window) && (key < paddedFrom || key >= paddedTo));
            double[] expected = reference.attention(inputs);
            double[][] gradients = reference.gradients(inputs, upstream);
            Map<String, NDArray> batch = new LinkedHashMap<>(
                    banded ? Map.of("band", NearTokens.band(manager, DOCUMENTS, window)) : Map.of());
            if (!banded && window > 0) {
                batch.putAll(FlashInputs.near(manager, window, window));
            }
            if (padded) {
                float[] bias = new float[TOKENS];
                Arrays.fill(bias, paddedFrom, paddedTo, Float.NEGATIVE_INFINITY);
                batch.put("bias", manager.create(bias));
            }
            for (AttentionKernel kernel :
                    padded ? new AttentionKernel[] {AttentionKernel.PYTORCH} : AttentionKernel.values()) {
                ScriptModule script = ScriptModule.load(
                        manager,
                        List.of(
                                MatmulBackend.f32().module(),
                                padded ? "core.model.dropped_attention" : "core.model.banded_attention"),
                        attributes(kernel, heads, heads, false, 0));
                Map<String, NDArray> kept = new LinkedHashMap<>(Map.of("q", x.get(0), "k", x.get(1), "v", x.get(2)));
                Map<String, NDArray> none = Map.of();
                NDList back;
                if (banded) {
                    NDArray band = batch.get("band");
                    kept.putAll(script.callNamed(manager, "attend_near", x.get(0), x.get(1), x.get(2), band, false));
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
                            script.callNamed(manager, "attend", x.get(0), x.get(1), x.get(2), DOCUMENTS, batch, false));
                    back = script.call(manager, "attend_backward", go, kept, DOCUMENTS, batch);
                }
                assertClose("output, " + kernel, kept.get("attended"), expected, 1e-6);
                for (int i = 0; i < 3; i++) {
                    assertClose("gradient of " + "qkv".charAt(i) + ", " + kernel, back.get(i), gradients[i], 2e-5);
                }
            }
        }
    }

    /** Tests whether a query attends to a key of its document. */
    private interface Seen {
        boolean test(int query, int key);
    }

    /** softmax(capped SCALE q k') v over the tokens of a query's document that the query attends to. */
    private record Reference(int heads, int kv, double cap, Seen seen) {
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
            int[] keys = IntStream.range(start, end)
                    .filter(key -> seen.test(query, key))
                    .toArray();
            double[] p = new double[keys.length];
            for (int j = 0; j < keys.length; j++) {
                double dot = 0;
                for (int i = 0; i < WIDTH; i++) {
                    dot += (double) qkv[0][at(query, head, heads, i)] * qkv[1][at(keys[j], head * kv / heads, kv, i)];
                }
                double score = SCALE * dot;
                p[j] = Math.exp(cap == 0 ? score : cap * Math.tanh(score / cap));
            }
            double sum = Arrays.stream(p).sum();
            for (int j = 0; j < keys.length; j++) {
                for (int i = 0; i < WIDTH; i++) {
                    out[at(query, head, heads, i)] += p[j] / sum * qkv[2][at(keys[j], head * kv / heads, kv, i)];
                }
            }
        }

        /** Returns central differences, exact to the square of the step. */
        double[][] gradients(float[][] qkv, float[] upstream) {
            double[][] gradients = new double[3][];
            for (int tensor = 0; tensor < 3; tensor++) {
                float[] x = qkv[tensor];
                gradients[tensor] = new double[x.length];
                // Only every 7th element: the reference is slow.
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

    /** Compares elements whose expected value is not NaN. */
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
