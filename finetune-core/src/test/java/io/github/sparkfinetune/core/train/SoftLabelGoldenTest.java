package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.conf.TeacherConfig;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.weight.Trainable;
import io.github.sparkfinetune.core.objective.SoftLabelLoss;
import io.github.sparkfinetune.core.optim.DenseGradient;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Losses and gradients of ten steps with a teacher's probabilities as labels equal those of plain PyTorch. */
class SoftLabelGoldenTest {
    private static final Path FILE = Path.of("src/test/resources/distillation/soft_labels.json");
    private static final int LABELS = 3;

    @ParameterizedTest
    @ValueSource(strings = {"plain", "weighted", "unlabelled", "alone"})
    void takesTheTenStepsOfPyTorch(String name) {
        JsonNode golden = GoldenFiles.json(FILE);
        JsonNode run = golden.get("runs").get(name);
        TeacherConfig teacher = new TeacherConfig(
                "t", run.get("weight").asDouble(), run.get("temperature").asDouble(), 1);
        Optional<double[]> classWeight = run.get("class_weight").isNull()
                ? Optional.empty()
                : Optional.of(new double[] {run.get("class_weight").asDouble(), 1, 1});
        Path folder = GoldenFiles.root().resolve("models/bert-seqcls");
        try (GoldenModel model = GoldenModel.load(folder, Trainable.all()).orElseThrow()) {
            List<Sample> samples = samples(model.samples, golden.get("teacher"), run.get("unlabelled"));
            TrainStep step = new TrainStep(
                    model.manager,
                    model.model,
                    new SoftLabelLoss(model.manager, classWeight, LABELS, teacher),
                    DropoutMasks.none(),
                    new SingleRank(),
                    TinyDecoder.config().training(),
                    Shard.NONE);
            for (int i = 0; i < run.get("losses").size(); i++) {
                // The terms of parts of different sizes add up to the loss of the whole.
                TrainStep.Outcome outcome = step.gradient(
                        i, List.of(samples.subList(0, 1), samples.subList(1, 4)), false, () -> false, () -> {});
                assertThat(outcome.loss())
                        .as("loss of step %d", i)
                        .isCloseTo(run.get("losses").get(i).asDouble(), within(1e-4));
                if (i == 0) {
                    compareGradient(step, run.get("gradient"));
                }
                step.update(i + 1, 1e-3, outcome.gradNorm());
            }
        }
    }

    private static void compareGradient(TrainStep step, JsonNode expected) {
        float[] classifier = step.gradients().parameters().stream()
                .filter(trained -> trained.parameter().name().equals("classifier.weight"))
                .map(DenseGradient::values)
                .findFirst()
                .orElseThrow();
        float[] reference = new float[expected.size()];
        for (int i = 0; i < reference.length; i++) {
            reference[i] = (float) expected.get(i).asDouble();
        }
        ModelGoldenTest.assertClose("classifier.weight", classifier, reference, 1e-5);
    }

    private static List<Sample> samples(List<Sample> labelled, JsonNode teacher, JsonNode unlabelled) {
        List<Sample> samples = new ArrayList<>();
        for (Sample sample : labelled) {
            int row = samples.size();
            double[] logits = IntStream.range(0, LABELS)
                    .mapToDouble(label -> teacher.get(row).get(label).asDouble())
                    .toArray();
            samples.add(sample.withTargets(logits));
        }
        unlabelled.forEach(
                row -> samples.set(row.asInt(), samples.get(row.asInt()).withLabel(-1)));
        return samples;
    }
}
