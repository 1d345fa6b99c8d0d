package io.github.sparkfinetune.core.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.TokenBatch;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.Sample;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** Losses of texts with label weights equal those of PyTorch ({@code objective/make_losses.py}). */
class LossGoldenTest {
    @Test
    void equalsTheLossesAndGradientsOfPyTorch() throws Exception {
        Torch.start(1);
        try (InputStream file = LossGoldenTest.class.getResourceAsStream("/objective/losses.json");
                NDManager manager = Torch.manager(-1)) {
            assertThat(new ObjectMapper().readTree(file)).hasSize(9).allSatisfy(expected -> {
                Objective objective = objective(manager, expected);
                List<Sample> samples = samples(expected);
                assertLoss(manager, objective, expected, samples, 0, samples.size());
                // Two micro-batches have the same gradients.
                int half = (samples.size() + 1) / 2;
                double loss = 0;
                for (int from = 0; from < samples.size(); from += half) {
                    loss += assertLoss(
                            manager, objective, expected, samples, from, Math.min(from + half, samples.size()));
                }
                assertThat(loss).isCloseTo(expected.get("loss").doubleValue(), within(1e-5 * (1 + Math.abs(loss))));
            });
        }
    }

    /** Compares the gradients of a part of the samples, and returns the part's share of the loss. */
    private static double assertLoss(
            NDManager manager, Objective objective, JsonNode expected, List<Sample> samples, int from, int to) {
        int labels = expected.get("logits").get(0).size();
        float[] logits = floats(expected.get("logits"), from, to);
        float[] gradient = floats(expected.get("gradient"), from, to);
        TermWeights weights = objective.weights(samples);
        Batch batch = TokenBatch.of(manager, samples.subList(from, to));
        NDArray z = manager.create(logits, new Shape(to - from, labels));
        Objective.Loss loss = objective.loss(manager, Map.of(Model.LOGITS, z), batch, weights, Map.of(), false);
        float[] actual = loss.gradients().get(Model.LOGITS).toFloatArray();
        for (int i = 0; i < actual.length; i++) {
            assertThat((double) actual[i]).isCloseTo(gradient[i], within(1e-6 * (1 + Math.abs(gradient[i]))));
        }
        return loss.sums()[0] / weights.term(0);
    }

    private static Objective objective(NDManager manager, JsonNode expected) {
        double[] weight = StreamSupport.stream(expected.get("weight").spliterator(), false)
                .mapToDouble(JsonNode::doubleValue)
                .toArray();
        return switch (expected.get("problem").textValue()) {
            case "single" -> new ClassificationLoss(manager, Optional.of(weight));
            case "multi" -> new MultiLabelLoss(manager, weight);
            default -> new RegressionLoss(manager);
        };
    }

    private static List<Sample> samples(JsonNode expected) {
        List<Sample> samples = new ArrayList<>();
        for (JsonNode row : expected.get("targets")) {
            double[] targets = StreamSupport.stream(row.spliterator(), false)
                    .mapToDouble(JsonNode::doubleValue)
                    .toArray();
            boolean single = expected.get("problem").textValue().equals("single");
            Sample text = new Sample(samples.size(), new int[1], new int[1], single ? (int) targets[0] : -1);
            samples.add(single ? text : text.withTargets(targets));
        }
        return samples;
    }

    private static float[] floats(JsonNode rows, int from, int to) {
        int width = rows.get(0).size();
        float[] values = new float[(to - from) * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = rows.get(from + i / width).get(i % width).floatValue();
        }
        return values;
    }
}
