package io.github.sparkfinetune.core.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.TokenBatch;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Window;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The loss equals its definition, computed in F64. */
class QuestionAnsweringLossTest {
    private static final int LENGTH = 16;
    /** The third sample's answer ends outside the window; the last sample has no answer. */
    private static final List<Sample> SAMPLES =
            List.of(sample(5, 1, 3), sample(12, 2, 2), sample(7, 4, 14), sample(9, 0, 0));

    private static Sample sample(int tokens, int start, int end) {
        return new Sample(0, new int[tokens], new int[tokens], -1)
                .with(new Window(0, new int[0], new int[] {start, end}, ""));
    }

    private static float[] logits() {
        SplittableRandom random = new SplittableRandom(7);
        float[] logits = new float[SAMPLES.size() * LENGTH * 2];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) random.nextDouble(-3, 3);
        }
        return logits;
    }

    private static Objective.Loss loss(
            NDManager manager,
            QuestionAnsweringLoss objective,
            List<Sample> samples,
            float[] logits,
            TermWeights weights) {
        Batch batch = TokenBatch.of(manager, samples, LENGTH);
        return objective.loss(
                manager,
                Map.of(Model.LOGITS, manager.create(logits, new Shape(samples.size() * (long) LENGTH, 2))),
                batch,
                weights,
                Map.of(),
                false);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 12, 15, 16})
    void averagesStartsAndEnds(int padded) {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            QuestionAnsweringLoss objective = new QuestionAnsweringLoss(manager, padded);
            TermWeights weights = objective.weights(SAMPLES);
            float[] logits = logits();
            Objective.Loss loss = loss(manager, objective, SAMPLES, logits, weights);

            double[] sums = new double[2];
            int[] counts = new int[2];
            double[] gradient = new double[logits.length];
            for (int side = 0; side < 2; side++) {
                counts[side] = side == 1 && padded <= 14 ? 3 : 4;
                for (int row = 0; row < SAMPLES.size(); row++) {
                    int positions = padded == 0 ? SAMPLES.get(row).length() : padded;
                    int answer = SAMPLES.get(row).window().answer()[side];
                    if (answer < positions) {
                        sums[side] += add(logits, row, side, positions, answer, 0.5 / counts[side], gradient);
                    }
                }
            }
            assertThat(weights.terms()).containsExactly(2 * counts[0], 2 * counts[1]);
            assertThat(loss.sums()[0]).isCloseTo(sums[0], within(1e-5));
            assertThat(loss.sums()[1]).isCloseTo(sums[1], within(1e-5));
            float[] actual = loss.gradients().get(Model.LOGITS).toFloatArray();
            for (int i = 0; i < actual.length; i++) {
                assertThat((double) actual[i]).as("gradient %d", i).isCloseTo(gradient[i], within(1e-6));
            }
        }
    }

    /** Returns the cross-entropy of an answer's start or end, and adds {@code scale} times its gradient. */
    private static double add(
            float[] logits, int row, int side, int positions, int answer, double scale, double[] gradient) {
        double sum = 0;
        for (int t = 0; t < positions; t++) {
            sum += Math.exp(logits[2 * (row * LENGTH + t) + side]);
        }
        for (int t = 0; t < positions; t++) {
            int at = 2 * (row * LENGTH + t) + side;
            gradient[at] += scale * (Math.exp(logits[at]) / sum - (t == answer ? 1 : 0));
        }
        return Math.log(sum) - logits[2 * (row * LENGTH + answer) + side];
    }

    @Test
    void computesTheSameLossForASampleAloneAndInABatch() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            QuestionAnsweringLoss objective = new QuestionAnsweringLoss(manager, 0);
            float[] logits = logits();
            double sum = 0;
            for (int row : new int[] {0, 1, 3}) {
                Sample sample = SAMPLES.get(row);
                float[] own = new float[LENGTH * 2];
                System.arraycopy(logits, row * own.length, own, 0, own.length);
                Objective.Loss alone = loss(manager, objective, List.of(sample), own, TermWeights.of(2, 2));
                assertThat(objective.loss(sample, own))
                        .isCloseTo((alone.sums()[0] + alone.sums()[1]) / 2, within(1e-6));
                sum += alone.sums()[0];
            }
            double outside = loss(manager, objective, SAMPLES, logits, TermWeights.of(8, 6))
                            .sums()[0]
                    - sum;
            double[] none = new double[logits.length];
            assertThat(outside).isCloseTo(add(logits, 2, 0, 7, 4, 0, none), within(1e-5));
        }
    }

    @Test
    void hasNoLossWithoutAnAnswerInTheWindow() {
        Torch.start(1);
        try (NDManager manager = Torch.manager(-1)) {
            QuestionAnsweringLoss objective = new QuestionAnsweringLoss(manager, 0);
            List<Sample> outside = List.of(sample(5, 9, 9));
            assertThat(objective.weights(outside).terms()).containsExactly(0, 0);
            Objective.Loss loss = loss(manager, objective, outside, new float[LENGTH * 2], TermWeights.of(0, 0));
            assertThat(loss.sums()[0] + loss.sums()[1]).isZero();
            for (float gradient : loss.gradients().get(Model.LOGITS).toFloatArray()) {
                assertThat(gradient).isZero();
            }
        }
    }
}
