package io.github.sparkfinetune.core.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The loss in chunks against its definition, computed in F64. */
class CausalLmLossTest {
    private static final int VOCABULARY = 37;
    private static final int WIDTH = 6;
    private static final double SCALE = 0.25;

    @ParameterizedTest
    @CsvSource({"0, 128", "1, 128", "127, 128", "128, 128", "129, 128", "300, 128", "10, 3", "9, 3"})
    void inChunksIsTheWhole(int m, int chunk) {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1);
                ScriptModule script = CausalLmLoss.text(manager, MatmulBackend.f32(), chunk)) {
            SplittableRandom random = new SplittableRandom(m);
            float[] h = gaussians(random, m * WIDTH);
            float[] w = gaussians(random, VOCABULARY * WIDTH);
            long[] targets = random.ints(m, 0, VOCABULARY).asLongStream().toArray();
            Expected expected = expected(h, w, targets);
            NDArray hidden = manager.create(h, new Shape(m, WIDTH));
            NDArray projection = manager.create(w, new Shape(VOCABULARY, WIDTH));
            NDArray ids = manager.create(targets);
            for (String gradient : new String[] {"none", "replaced", "added"}) {
                NDArray gw = manager.ones(new Shape(VOCABULARY, WIDTH));
                NDList result = script.call(
                        manager,
                        "next_token_loss",
                        hidden,
                        projection,
                        ids,
                        SCALE,
                        gradient.equals("none") ? List.of() : List.of(gw),
                        gradient.equals("added"));
                assertThat((double) result.get(0).getFloat()).isCloseTo(expected.loss(), within(1e-5 * (1 + m)));
                assertClose(result.get(1), expected.gh(), 0);
                switch (gradient) {
                    case "none" -> assertClose(gw, new double[VOCABULARY * WIDTH], 1);
                    case "replaced" -> assertClose(gw, expected.gw(), 0);
                    default -> assertClose(gw, expected.gw(), 1);
                }
            }
            if (m > 0) {
                NDArray each = script.callOne(manager, "next_token_losses", hidden, projection, ids);
                assertClose(each, expected.losses(), 0);
            }
        }
    }

    private record Expected(double loss, double[] losses, double[] gh, double[] gw) {}

    private static Expected expected(float[] h, float[] w, long[] targets) {
        int m = targets.length;
        double[] losses = new double[m];
        double[] gh = new double[h.length];
        double[] gw = new double[w.length];
        double loss = 0;
        for (int t = 0; t < m; t++) {
            double[] p = new double[VOCABULARY];
            double sum = 0;
            for (int v = 0; v < VOCABULARY; v++) {
                double z = 0;
                for (int i = 0; i < WIDTH; i++) {
                    z += (double) h[t * WIDTH + i] * w[v * WIDTH + i];
                }
                p[v] = Math.exp(z);
                sum += p[v];
            }
            losses[t] = Math.log(sum / p[(int) targets[t]]);
            loss += losses[t];
            for (int v = 0; v < VOCABULARY; v++) {
                double g = SCALE * (p[v] / sum - (v == targets[t] ? 1 : 0));
                for (int i = 0; i < WIDTH; i++) {
                    gh[t * WIDTH + i] += g * w[v * WIDTH + i];
                    gw[v * WIDTH + i] += g * h[t * WIDTH + i];
                }
            }
        }
        return new Expected(loss, losses, gh, gw);
    }

    private static float[] gaussians(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static void assertClose(NDArray actual, double[] expected, double more) {
        float[] values = actual.toFloatArray();
        assertThat(values).hasSize(expected.length);
        for (int i = 0; i < values.length; i++) {
            assertThat((double) values[i]).as("element %d", i).isCloseTo(expected[i] + more, within(2e-5));
        }
    }
}
