package io.github.sparkfinetune.core.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.PreferenceConfig;
import io.github.sparkfinetune.conf.UnpairedPreferenceConfig;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The scripts of answers' losses compute the losses that metrics report, and their derivatives. */
class AnswerLossTest {
    private static final double STEP = 1e-5;
    private static final double SCALE = 0.25;

    /** Numbers of tokens of the documents of two samples. */
    private static final int[] LENGTHS = {3, 2, 1, 4};

    private final SplittableRandom random = new SplittableRandom(1);
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

    /** A sum of losses, given the log-probabilities of the documents. */
    private interface Loss {
        double of(double... logProbs);
    }

    private float[] tokenLosses(int documents, float scale) {
        float[] losses = new float[tokens(documents)];
        for (int i = 0; i < losses.length; i++) {
            losses[i] = scale * (float) random.nextDouble();
        }
        return losses;
    }

    private static int tokens(int documents) {
        int tokens = 0;
        for (int document = 0; document < documents; document++) {
            tokens += LENGTHS[document];
        }
        return tokens;
    }

    private NDArray documents(int documents) {
        long[] indices = new long[tokens(documents)];
        int token = 0;
        for (int document = 0; document < documents; document++) {
            for (int i = 0; i < LENGTHS[document]; i++) {
                indices[token++] = document;
            }
        }
        return Tensors.of(manager, indices);
    }

    private static double[] logProbs(int documents, float... losses) {
        double[] logProbs = new double[documents];
        int token = 0;
        for (int document = 0; document < documents; document++) {
            for (int i = 0; i < LENGTHS[document]; i++) {
                logProbs[document] -= losses[token++];
            }
        }
        return logProbs;
    }

    private static void assertDifferentiated(NDList result, Loss loss, double... logProbs) {
        double expected = loss.of(logProbs);
        assertThat(result.get(0).toDoubleArray()[0]).isCloseTo(expected, within(1e-9 * (1 + Math.abs(expected))));
        float[] weights = result.get(1).toFloatArray();
        int token = 0;
        for (int document = 0; document < logProbs.length; document++) {
            double[] above = logProbs.clone();
            double[] below = logProbs.clone();
            above[document] += STEP;
            below[document] -= STEP;
            double slope = (loss.of(above) - loss.of(below)) / (2 * STEP);
            for (int i = 0; i < LENGTHS[document]; i++) {
                assertThat((double) weights[token++]).isCloseTo(-SCALE * slope, within(1e-6 * (1 + Math.abs(slope))));
            }
        }
        assertThat(weights).hasSize(token);
    }

    @ParameterizedTest
    @CsvSource({
        "SIGMOID, 0.1, 0, 0",
        "SIGMOID, 0.3, 0.2, 0.5",
        "ROBUST, 0.3, 0.2, 0",
        "HINGE, 0.02, 0, 0",
        "IPO, 0.5, 0, 0",
        "APO_ZERO, 0.1, 0, 0",
        "APO_DOWN, 0.1, 0, 2",
        "SIMPO, 2, 0, 0",
        "SIMPO, 0.5, 0.1, 1",
        "ORPO, 0.3, 0, 0"
    })
    void differentiatesPairs(PreferenceConfig.LossType type, double beta, double smoothing, double alpha) {
        PairLoss pairLoss = new PairLoss(new PreferenceConfig(beta, type, smoothing, false, 0.7, alpha));
        ScriptModule script = ScriptModule.load(manager, List.of("core.objective.pair_loss"), pairLoss.attributes());
        double[] reference =
                pairLoss.config().readsReference() ? new double[] {-20.5, -30.25, -3, -9.125} : new double[4];
        for (float scale : new float[] {1, 10, 300}) {
            float[] losses = tokenLosses(4, scale);
            NDList result = script.call(
                    manager,
                    "pair_loss",
                    Tensors.of(manager, losses, new Shape(losses.length)),
                    documents(4),
                    Tensors.of(manager, reference, new Shape(2, 2)),
                    SCALE);
            assertDifferentiated(
                    result,
                    p -> pairLoss.of(new AnswerPair(p[0], p[1], reference[0], reference[1], LENGTHS[0], LENGTHS[1]))
                            + pairLoss.of(
                                    new AnswerPair(p[2], p[3], reference[2], reference[3], LENGTHS[2], LENGTHS[3])),
                    logProbs(4, losses));
        }
    }

    @ParameterizedTest
    @EnumSource(UnpairedPreferenceConfig.LossType.class)
    void differentiatesRatedAnswers(UnpairedPreferenceConfig.LossType type) {
        RatedLoss ratedLoss = new RatedLoss(new UnpairedPreferenceConfig(0.3, type, 1.5, 0.5));
        ScriptModule script = ScriptModule.load(manager, List.of("core.objective.rated_loss"), ratedLoss.attributes());
        for (float scale : new float[] {1, 10, 300}) {
            float[] losses = tokenLosses(2, scale);
            NDList result = script.call(
                    manager,
                    "rated_loss",
                    Tensors.of(manager, losses, new Shape(losses.length)),
                    documents(2),
                    Tensors.of(manager, new double[] {-7.5, 1, -2.25, -1}, new Shape(2, 2)),
                    0.75,
                    SCALE);
            assertDifferentiated(
                    result,
                    p -> ratedLoss.loss(true, p[0] + 7.5, 0.75) + ratedLoss.loss(false, p[1] + 2.25, 0.75),
                    logProbs(2, losses));
        }
    }
}
