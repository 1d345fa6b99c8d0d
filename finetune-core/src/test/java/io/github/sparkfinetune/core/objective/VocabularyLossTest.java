package io.github.sparkfinetune.core.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.weight.LmHead;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The loss in chunks equals its definition, computed in F64. */
class VocabularyLossTest {
    private static final int VOCABULARY = 37;
    private static final int WIDTH = 6;
    private static final double SCALE = 0.25;

    @ParameterizedTest
    @CsvSource({
        "0, 128, 16, false, 0",
        "1, 128, 16, true, 0",
        "127, 128, 16, false, 0",
        "128, 128, 16, true, 0",
        "129, 128, 16, false, 0",
        "300, 128, 50, true, 0",
        "10, 3, 3, false, 0",
        "9, 3, 2, true, 0",
        "0, 3, 2, true, 0",
        "129, 128, 16, false, 2.5",
        "9, 4, 3, true, 1"
    })
    void equalsItsDefinitionInChunks(int m, int chunk, int part, boolean biased, double cap) {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            ScriptModule script = VocabularyLoss.script(manager, MatmulBackend.f32(), chunk, part, cap);
            SplittableRandom random = new SplittableRandom(m);
            float[] h = gaussians(random, m * WIDTH);
            float[] w = gaussians(random, VOCABULARY * WIDTH);
            float[] b = biased ? gaussians(random, VOCABULARY) : new float[VOCABULARY];
            long[] targets = random.ints(m, 0, VOCABULARY).asLongStream().toArray();
            Expected expected = expected(h, w, b, targets, cap);
            NDArray hidden = manager.create(h, new Shape(m, WIDTH));
            Map<String, NDArray> lmHead =
                    new HashMap<>(Map.of(LmHead.WEIGHT, manager.create(w, new Shape(VOCABULARY, WIDTH))));
            if (biased) {
                lmHead.put(LmHead.BIAS, manager.create(b));
            }
            NDArray ids = manager.create(targets);
            for (String gradient : new String[] {"none", "replaced", "added"}) {
                Map<String, NDArray> gradients = new HashMap<>();
                NDArray gw = manager.ones(new Shape(VOCABULARY, WIDTH));
                NDArray gb = manager.ones(new Shape(VOCABULARY));
                if (!gradient.equals("none")) {
                    gradients.put(LmHead.WEIGHT, gw);
                    if (biased) {
                        gradients.put(LmHead.BIAS, gb);
                    }
                }
                NDList result = script.call(
                        manager, "vocabulary_loss", hidden, lmHead, ids, SCALE, gradients, gradient.equals("added"));
                assertThat((double) result.get(0).getFloat()).isCloseTo(expected.loss(), within(1e-5 * (1 + m)));
                assertClose(result.get(1), expected.gh(), 0);
                boolean untouched = gradient.equals("none");
                int before = gradient.equals("replaced") ? 0 : 1;
                assertClose(gw, untouched ? new double[VOCABULARY * WIDTH] : expected.gw(), before);
                if (biased) {
                    assertClose(gb, untouched ? new double[VOCABULARY] : expected.gb(), before);
                }
            }
            if (m > 0) {
                NDList each = script.call(manager, "token_losses", hidden, lmHead, ids);
                assertClose(each.get(0), expected.losses(), 0);
                assertClose(each.get(1), expected.hits(), 0);
                NDList likeliest = script.call(manager, "likeliest", hidden, lmHead, 2);
                assertClose(likeliest.get(0), expected.best(), 0);
            }
        }
    }

    /** Logits of a large vocabulary do not leave the cache either. */
    @ParameterizedTest
    @CsvSource({"30522, 34", "49152, 21", "262144, 4", "2000000, 1"})
    void widensAsManyRowsAsStayInTheCache(long vocabulary, int rows) {
        assertThat(VocabularyLoss.part(vocabulary)).isEqualTo(rows);
    }

    @Test
    void predictsTheFirstOfEquallyLikelyTokens() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            ScriptModule script = VocabularyLoss.script(manager, MatmulBackend.f32(), 2, 1, 0);
            // Tokens 1 and 3 are equally likely, as in a model whose hidden states have collapsed.
            NDList each = script.call(
                    manager,
                    "token_losses",
                    manager.zeros(new Shape(4, WIDTH)),
                    Map.of(LmHead.WEIGHT, manager.ones(new Shape(4, WIDTH)), LmHead.BIAS, manager.create(new float[] {
                        0, 2, 1, 2
                    })),
                    manager.create(new long[] {0, 1, 2, 3}));

            assertThat(each.get(1).toFloatArray()).containsExactly(0, 1, 0, 0);
        }
    }

    @Test
    void trainsOnlyTheBiasOfAFrozenTable() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            ScriptModule script = VocabularyLoss.script(manager, MatmulBackend.f32(), 2, 1, 0);
            NDArray gb = manager.ones(new Shape(2));
            script.call(
                    manager,
                    "vocabulary_loss",
                    manager.zeros(new Shape(3, 4)),
                    Map.of(LmHead.WEIGHT, manager.zeros(new Shape(2, 4)), LmHead.BIAS, manager.zeros(new Shape(2))),
                    manager.create(new long[] {0, 0, 1}),
                    1.0,
                    Map.of(LmHead.BIAS, gb),
                    false);
            assertThat(gb.toFloatArray()).containsExactly(-0.5f, 0.5f);
        }
    }

    @ParameterizedTest
    @CsvSource({"9, 4, 1, 0", "9, 4, 3, 0", "9, 4, 4, 0", "9, 4, 3, 2.5", "150, 64, 5, 0", "150, 64, 5, 2.5"})
    void equalsItsDefinitionInBf16UpToRounding(int m, int chunk, int part, double cap) {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            ScriptModule script = VocabularyLoss.script(manager, MatmulBackend.BF16, chunk, part, cap);
            SplittableRandom random = new SplittableRandom(part);
            float[] h = gaussians(random, m * WIDTH);
            float[] w = gaussians(random, VOCABULARY * WIDTH);
            float[] b = gaussians(random, VOCABULARY);
            long[] targets = random.ints(m, 0, VOCABULARY).asLongStream().toArray();
            Expected expected = expected(h, w, b, targets, cap);
            Map<String, NDArray> gradients = Map.of(
                    LmHead.WEIGHT, manager.zeros(new Shape(VOCABULARY, WIDTH)),
                    LmHead.BIAS, manager.zeros(new Shape(VOCABULARY)));
            Map<String, NDArray> lmHead = Map.of(
                    LmHead.WEIGHT, manager.create(w, new Shape(VOCABULARY, WIDTH)),
                    LmHead.BIAS, manager.create(b));
            NDArray hidden = manager.create(h, new Shape(m, WIDTH));
            NDArray ids = manager.create(targets);
            NDList result = script.call(manager, "vocabulary_loss", hidden, lmHead, ids, SCALE, gradients, false);
            // The relative rounding error of a factor, a logit and its gradient is at most 2^-9 each.
            double rounding = 0x1p-5;
            assertThat((double) result.get(0).getFloat()).isCloseTo(expected.loss(), within(m * rounding));
            assertClose(result.get(1), expected.gh(), 0, rounding);
            // Errors of independent tokens.
            double summed = rounding * Math.sqrt(m / 9.0);
            assertClose(gradients.get(LmHead.WEIGHT), expected.gw(), 0, summed);
            assertClose(gradients.get(LmHead.BIAS), expected.gb(), 0, summed);
            NDList each = script.call(manager, "token_losses", hidden, lmHead, ids);
            assertThat(each.get(0).sum().getFloat()).isEqualTo(result.get(0).getFloat(), within(1e-5f * m));
        }
    }

    /**
     * Loss and gradients by definition.
     *
     * @param hits 1 where the target is the likeliest token
     * @param best probabilities of the two likeliest tokens
     */
    private record Expected(
            double loss, double[] losses, double[] hits, double[] best, double[] gh, double[] gw, double[] gb) {}

    private static Expected expected(float[] h, float[] w, float[] b, long[] targets, double cap) {
        int m = targets.length;
        double[] losses = new double[m];
        double[] hits = new double[m];
        double[] best = new double[2 * m];
        double[] gh = new double[h.length];
        double[] gw = new double[w.length];
        double[] gb = new double[VOCABULARY];
        double loss = 0;
        for (int t = 0; t < m; t++) {
            double[] p = new double[VOCABULARY];
            double[] slopes = new double[VOCABULARY];
            for (int v = 0; v < VOCABULARY; v++) {
                double z = b[v];
                for (int i = 0; i < WIDTH; i++) {
                    z += (double) h[t * WIDTH + i] * w[v * WIDTH + i];
                }
                double bounded = cap == 0 ? z : cap * Math.tanh(z / cap);
                slopes[v] = cap == 0 ? 1 : 1 - Math.pow(bounded / cap, 2);
                p[v] = Math.exp(bounded);
            }
            double sum = Arrays.stream(p).sum();
            Arrays.setAll(p, v -> p[v] / sum);
            double[] sorted = Arrays.stream(p).sorted().toArray();
            best[2 * t] = sorted[VOCABULARY - 1];
            best[2 * t + 1] = sorted[VOCABULARY - 2];
            double targetProbability = p[(int) targets[t]];
            hits[t] = targetProbability == best[2 * t] ? 1 : 0;
            losses[t] = -Math.log(targetProbability);
            loss += losses[t];
            for (int v = 0; v < VOCABULARY; v++) {
                double g = SCALE * slopes[v] * (p[v] - (v == targets[t] ? 1 : 0));
                gb[v] += g;
                for (int i = 0; i < WIDTH; i++) {
                    gh[t * WIDTH + i] += g * w[v * WIDTH + i];
                    gw[v * WIDTH + i] += g * h[t * WIDTH + i];
                }
            }
        }
        return new Expected(loss, losses, hits, best, gh, gw, gb);
    }

    private static float[] gaussians(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static void assertClose(NDArray actual, double[] expected, double more) {
        assertClose(actual, expected, more, 2e-5);
    }

    private static void assertClose(NDArray actual, double[] expected, double more, double tolerance) {
        float[] values = actual.toFloatArray();
        assertThat(values).hasSize(expected.length);
        for (int i = 0; i < values.length; i++) {
            assertThat((double) values[i]).as("element %d", i).isCloseTo(expected[i] + more, within(tolerance));
        }
    }
}
