package io.github.sparkfinetune.core.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.TeacherConfig;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.weight.LmHead;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The loss in chunks equals its definition in F64, and its gradients the differences of that definition. */
class DistillationLossTest {
    private static final int VOCABULARY = 37;
    private static final int WIDTH = 6;
    private static final double SCALE = 0.25;
    private static final double STEP = 1e-4;

    @ParameterizedTest
    @CsvSource({
        "9, 4, 2, 0, 5, 0.5, 1",
        "9, 4, 3, 2.5, 5, 0.75, 2",
        "3, 4, 4, 0, 37, 1, 3",
        "5, 2, 1, 0, 1, 1, 0.5",
        "4, 128, 16, 1, 36, 0.3, 1"
    })
    void equalsItsDefinitionInChunks(int m, int chunk, int part, double cap, int count, double weight, double warmth) {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            TeacherConfig settings = new TeacherConfig("t", weight, warmth, count);
            ScriptModule script = DistillationLoss.script(manager, MatmulBackend.f32(), chunk, part, cap, settings);
            SplittableRandom random = new SplittableRandom(m);
            float[] h = gaussians(random, m * WIDTH);
            float[] taught = gaussians(random, m * WIDTH);
            float[] w = gaussians(random, VOCABULARY * WIDTH);
            long[] targets = random.ints(m, 0, VOCABULARY).asLongStream().toArray();
            Map<String, NDArray> lmHead = Map.of(LmHead.WEIGHT, manager.create(w, new Shape(VOCABULARY, WIDTH)));
            double[] offsets = random.doubles(m).toArray();
            NDList classes = script.call(
                    manager,
                    "classes",
                    manager.create(taught, new Shape(m, WIDTH)),
                    lmHead,
                    manager.create(offsets),
                    count,
                    VOCABULARY);
            NDArray gw = manager.ones(new Shape(VOCABULARY, WIDTH));
            Map<String, NDArray> gradients = new HashMap<>(Map.of(LmHead.WEIGHT, gw));
            NDArray ids = classes.get(0).toType(DataType.INT64, false);

            NDList result = script.call(
                    manager,
                    "distillation_loss",
                    manager.create(h, new Shape(m, WIDTH)),
                    lmHead,
                    manager.create(targets),
                    ids,
                    classes.get(1),
                    SCALE,
                    gradients,
                    true);

            Definition definition = new Definition(targets, taught, w, offsets, cap, settings);
            double loss = definition.loss(h, w);
            assertThat((double) result.get(0).getFloat()).isCloseTo(loss, within(1e-5 * (1 + loss)));
            assertClose(result.get(1), slopes(h, () -> definition.loss(h, w)), 0);
            assertClose(gw, slopes(w, () -> definition.loss(h, w)), 1);
        }
    }

    private static double[] slopes(float[] values, DoubleSupplier loss) {
        double[] slopes = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            float value = values[i];
            float above = (float) (value + STEP);
            float below = (float) (value - STEP);
            values[i] = above;
            double up = loss.getAsDouble();
            values[i] = below;
            double down = loss.getAsDouble();
            values[i] = value;
            slopes[i] = SCALE * (up - down) / ((double) above - below);
        }
        return slopes;
    }

    private static void assertClose(NDArray actual, double[] expected, double offset) {
        float[] values = actual.toFloatArray();
        assertThat(values).hasSameSizeAs(expected);
        for (int i = 0; i < values.length; i++) {
            assertThat((double) values[i] - offset).as("[%d]", i).isCloseTo(expected[i], within(2e-4));
        }
    }

    /** The loss by definition, in F64. */
    private record Definition(
            long[] targets,
            float[] taught,
            float[] teacherWeights,
            double[] offsets,
            double cap,
            TeacherConfig settings) {
        Definition {
            teacherWeights = teacherWeights.clone();
        }

        double loss(float[] h, float[] w) {
            double sum = 0;
            for (int t = 0; t < targets.length; t++) {
                double[] teacher = softmax(logits(taught, teacherWeights, t), settings.temperature());
                double[] own = softmax(logits(h, w, t), settings.temperature());
                double[] weights = weights(teacher, offsets[t], settings.topK());
                double divergence = 0;
                for (int v = 0; v < VOCABULARY; v++) {
                    divergence += weights[v] == 0 ? 0 : weights[v] * Math.log(weights[v] / own[v]);
                }
                double crossEntropy = -Math.log(softmax(logits(h, w, t), 1)[(int) targets[t]]);
                sum += settings.weight() * Math.pow(settings.temperature(), 2) * divergence
                        + (1 - settings.weight()) * crossEntropy;
            }
            return sum;
        }

        private double[] logits(float[] h, float[] w, int t) {
            double[] logits = new double[VOCABULARY];
            for (int v = 0; v < VOCABULARY; v++) {
                for (int i = 0; i < WIDTH; i++) {
                    logits[v] += (double) h[t * WIDTH + i] * w[v * WIDTH + i];
                }
                logits[v] = cap == 0 ? logits[v] : cap * Math.tanh(logits[v] / cap);
            }
            return logits;
        }

        private static double[] softmax(double[] logits, double temperature) {
            double[] p =
                    Arrays.stream(logits).map(z -> Math.exp(z / temperature)).toArray();
            double sum = Arrays.stream(p).sum();
            return Arrays.stream(p).map(value -> value / sum).toArray();
        }
    }

    /** Returns the weights of all tokens; those of the tokens that are not drawn are 0. */
    private static double[] weights(double[] p, double offset, int count) {
        double threshold = threshold(p, count);
        double[] weights = new double[p.length];
        double before = 0;
        for (int v = 0; v < p.length; v++) {
            if (p[v] >= threshold) {
                weights[v] = p[v];
                continue;
            }
            double after = before + p[v] / threshold;
            boolean isDrawn = Math.ceil(after - offset) > Math.ceil(before - offset);
            weights[v] = isDrawn ? threshold : 0;
            before = after;
        }
        return weights;
    }

    /** Returns the c with sum(min(1, p / c)) = count, by bisection. */
    private static double threshold(double[] p, int count) {
        double low = 0;
        double high = 1;
        for (int i = 0; i < 200; i++) {
            double middle = (low + high) / 2;
            double kept =
                    Arrays.stream(p).map(value -> Math.min(1, value / middle)).sum();
            low = kept >= count ? middle : low;
            high = kept >= count ? high : middle;
        }
        return low;
    }

    @Test
    void theMeanOfDrawnWeightsIsTheProbability() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            int draws = 4000;
            int count = 7;
            ScriptModule script = DistillationLoss.script(
                    manager, MatmulBackend.f32(), 64, 16, 0, new TeacherConfig("t", 0.5, 1, count));
            SplittableRandom random = new SplittableRandom(5);
            float[] row = gaussians(random, WIDTH);
            float[] rows = new float[draws * WIDTH];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = row[i % WIDTH];
            }
            NDArray head = manager.create(gaussians(random, VOCABULARY * WIDTH), new Shape(VOCABULARY, WIDTH));
            double[] offsets = IntStream.range(0, draws)
                    .mapToDouble(i -> (i + 0.5) / draws)
                    .toArray();
            NDList drawn = script.call(
                    manager,
                    "classes",
                    manager.create(rows, new Shape(draws, WIDTH)),
                    Map.of(LmHead.WEIGHT, head),
                    manager.create(offsets),
                    count,
                    VOCABULARY);
            int[] ids = drawn.get(0).toIntArray();
            float[] logWeights = drawn.get(1).toFloatArray();
            double[] means = new double[VOCABULARY];
            double[] sums = new double[draws];
            for (int i = 0; i < ids.length; i++) {
                means[ids[i]] += Math.exp(logWeights[i]) / draws;
                sums[i / count] += Math.exp(logWeights[i]);
            }

            float[] p = manager.create(row, new Shape(1, WIDTH))
                    .matMul(head.transpose())
                    .softmax(-1)
                    .toFloatArray();
            for (int v = 0; v < VOCABULARY; v++) {
                assertThat(means[v]).as("[%d]", v).isCloseTo(p[v], within(2e-4));
            }
            for (int d = 0; d < draws; d++) {
                assertThat(sums[d]).isCloseTo(1, within(1e-5));
                assertThat(Arrays.copyOfRange(ids, d * count, (d + 1) * count)).doesNotHaveDuplicates();
            }
        }
    }

    private static float[] gaussians(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @Test
    void readsTheClassesOfAllSamplesInOrder() {
        Sample first = Sample.ofDocuments(0, new int[] {1, 2, 3}, new int[] {1, 2, 3}, 3);
        Sample unlabelled = Sample.ofDocuments(1, new int[] {1}, new int[] {1}, 1);
        TokenClasses classes = new TokenClasses(
                2, new int[] {5, 6, 7, 8, 9, 10}, new float[] {-1, -2, -3, -4, -5, Float.NEGATIVE_INFINITY});
        List<Sample> samples = List.of(
                first.withTargets(classes.targets(0, 2)),
                unlabelled.withTargets(classes.targets(2, 2)),
                first.document(0).withLabels(Sample.IGNORED, 2, Sample.IGNORED).withTargets(classes.targets(2, 3)));

        assertThat(TokenClasses.of(samples)).isEqualTo(classes);
        assertThat(TokenClasses.of(List.of(unlabelled)).rows()).isZero();
        assertThatThrownBy(() -> TokenClasses.of(List.of(samples.get(0), first)))
                .hasMessage("sample 0 has no classes of its teacher");
        assertThatThrownBy(() -> TokenClasses.of(List.of(first))).hasMessage("sample 0 has no classes of its teacher");
    }
}
