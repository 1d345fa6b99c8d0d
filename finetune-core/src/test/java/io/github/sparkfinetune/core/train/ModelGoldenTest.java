package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.model.weight.Trainable;
import io.github.sparkfinetune.core.optim.DenseGradient;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.train.step.TrainStep;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every golden model has the reference's logits, loss and gradients, and parameters and losses of 3 and 10 steps. */
class ModelGoldenTest {
    private static final double LOGITS = 1e-4;
    private static final double SERIES = 1e-4;
    private static final double LOSS = 1e-5;
    private static final double GRADIENT = 1e-5;

    /** Tolerance relative to a value, as {@code torch.testing.assert_close} has it for FP32. */
    private static final double RELATIVE = 1.3e-6;

    private static final double STEP = 1e-5;
    /** Tolerance where a gradient is zero in theory, because Adam turns rounding noise into whole steps. */
    private static final double NOISY_STEP = 6e-3;

    /** Requires support of all models on the class path. Other golden data may have unsupported models. */
    @Test
    void supportsEveryModel() {
        List<String> unsupported = GoldenModel.folders().stream()
                .flatMap(folder -> GoldenModel.unsupported(folder).stream()
                        .map(reason -> folder.getFileName() + " cannot be run: " + reason))
                .toList();
        if (GoldenFiles.isOwn()) {
            assertThat(unsupported).isEmpty();
        }
        unsupported.forEach(System.out::println);
        assertThat(unsupported).hasSizeLessThan(GoldenModel.folders().size());
    }

    @TestFactory
    Stream<DynamicTest> computesLogits() {
        return supported("logits", (golden, folder) -> {
            try (NDManager owner = golden.manager.newSubManager()) {
                golden.compareLogits(owner, LOGITS);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> computesLossAndGradients() {
        return supported("gradients", (golden, folder) -> {
            compareGradients(golden, golden.step(new SingleRank()));
        });
    }

    @TestFactory
    @Tag("full")
    Stream<DynamicTest> computesGradientsWithRecomputation() {
        return supported(
                "gradients, recomputed",
                (golden, folder) -> compareGradients(golden, golden.step(new SingleRank(), true)));
    }

    private static void compareGradients(GoldenModel golden, TrainStep step) {
        TrainStep.Outcome outcome = step.gradient(0, List.of(golden.samples), false, () -> false, () -> {});
        assertThat(outcome.loss()).isCloseTo(GoldenFiles.floats(golden.expected, "loss")[0], offset(LOSS));
        Map<String, float[]> gradients = gradients(step);
        List<String> names = golden.expected.names().stream()
                .filter(name -> name.startsWith("grad."))
                .map(name -> name.substring("grad.".length()))
                .toList();
        assertThat(gradients.keySet()).containsExactlyInAnyOrderElementsOf(names);
        gradients.forEach((name, gradient) -> assertClose(
                "gradient of " + name,
                gradient,
                GoldenFiles.floats(golden.expected, "grad." + name),
                GRADIENT,
                RELATIVE));
    }

    private static Map<String, float[]> gradients(TrainStep step) {
        Map<String, float[]> all = new LinkedHashMap<>();
        for (ParameterGradient trained : step.gradients().parameters()) {
            all.put(trained.parameter().name(), DenseGradient.values(trained));
        }
        return all;
    }

    @TestFactory
    @Tag("full")
    Stream<DynamicTest> updatesParametersInThreeSteps() {
        return supported("3 steps", (golden, folder) -> {
            TrainStep step = golden.step(new SingleRank());
            for (int i = 0; i < 3; i++) {
                TrainStep.Outcome outcome = step.gradient(i, List.of(golden.samples), false, () -> false, () -> {});
                assertThat(outcome.gradNorm())
                        .isCloseTo(GoldenFiles.floats(golden.expected, "grad_norm.step" + (i + 1))[0], offset(SERIES));
                step.update(i + 1, 1e-3, outcome.gradNorm());
            }
            for (Parameter parameter : golden.model.parameters()) {
                compareStep(golden, parameter);
            }
        });
    }

    private static void compareStep(GoldenModel golden, Parameter parameter) {
        float[] actual = parameter.value().toFloatArray();
        float[] expected = GoldenFiles.floats(golden.expected, "step3." + parameter.name());
        float[] gradient = GoldenFiles.floats(golden.expected, "grad." + parameter.name());
        for (int i = 0; i < actual.length; i++) {
            double tolerance = Math.abs(gradient[i]) > 1e-5 ? STEP : NOISY_STEP;
            if (!(Math.abs(actual[i] - expected[i]) <= tolerance)) {
                assertThat((double) actual[i])
                        .as("%s[%d] after 3 steps", parameter.name(), i)
                        .isCloseTo(expected[i], offset(tolerance));
            }
        }
    }

    @TestFactory
    Stream<DynamicTest> computesLossesAndNormsOfTenSteps() {
        return supported("10 steps", (golden, folder) -> {
            TrainStep step = golden.step(new SingleRank());
            double[] rates = new double[10];
            golden.expected.buffer("lrs10").asDoubleBuffer().get(rates);
            float[] losses = GoldenFiles.floats(golden.expected, "losses10");
            float[] norms = GoldenFiles.floats(golden.expected, "grad_norms10");
            for (int i = 0; i < 10; i++) {
                TrainStep.Outcome outcome = step.gradient(i, List.of(golden.samples), false, () -> false, () -> {});
                assertThat(outcome.loss()).as("loss of step %d", i).isCloseTo(losses[i], offset(SERIES));
                assertThat(outcome.gradNorm()).as("norm of step %d", i).isCloseTo(norms[i], offset(SERIES));
                step.update(i + 1, rates[i], outcome.gradNorm());
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> decaysWhatTheReferenceDecays() {
        return supported("decay", (golden, folder) -> {
            List<String> expected = new ArrayList<>();
            GoldenFiles.json(folder.resolve("expected.json"))
                    .path("no_decay")
                    .forEach(name -> expected.add(name.asText()));
            assertThat(golden.model.parameters().stream()
                            .filter(parameter -> !parameter.decayed())
                            .map(Parameter::name))
                    .containsExactlyInAnyOrderElementsOf(expected);
        });
    }

    /**
     * Compares the noise of BF16 with that of transformers with weights in F32 and products in BF16. In the median of
     * all models, logits and gradients are as close to F32 as those of transformers. A single model may exceed the
     * reference by three quarters if every token has logits, and by a factor of 3 if only four texts have logits: the
     * rounding of few values is chance, and differs between CPUs. Without reference values the cosine must be 0.99.
     */
    @TestFactory
    Stream<DynamicTest> hasTheNoiseOfTransformersInBf16() {
        Path file = GoldenFiles.root().resolve("bf16.json");
        JsonNode noise = Files.exists(file) ? GoldenFiles.json(file).get("models") : MissingNode.getInstance();
        List<Double> ratios = new ArrayList<>();
        Stream<DynamicTest> models = GoldenModel.folders().stream()
                .filter(folder -> GoldenModel.unsupported(folder).isEmpty())
                .map(folder -> DynamicTest.dynamicTest(folder.getFileName() + ": BF16", () -> {
                    JsonNode reference =
                            noise.path(folder.getFileName().toString()).path("autocast");
                    try (GoldenModel golden = GoldenModel.inHalf(folder);
                            NDManager owner = golden.manager.newSubManager()) {
                        float[][] logits = golden.logits(owner);
                        double chance = golden.head == HeadKind.SEQUENCE_CLASSIFICATION ? 3 : 1.75;
                        assertNoise("logits", new Distance().add(logits[0], logits[1]), reference, chance, ratios);
                        TrainStep step = golden.step(new SingleRank());
                        step.gradient(0, List.of(golden.samples), false, () -> false, () -> {});
                        Distance distance = new Distance();
                        gradients(step)
                                .forEach((name, gradient) ->
                                        distance.add(gradient, GoldenFiles.floats(golden.expected, "grad." + name)));
                        assertNoise("gradients", distance, reference, chance, ratios);
                    }
                }));
        DynamicTest median = DynamicTest.dynamicTest("the median of all models", () -> {
            Collections.sort(ratios);
            assertThat(ratios.isEmpty() ? 0 : ratios.get(ratios.size() / 2)).isLessThanOrEqualTo(1);
        });
        return Stream.concat(models, Stream.of(median));
    }

    /** Compares the noise of BF16 with packed weights as {@link #hasTheNoiseOfTransformersInBf16}. */
    @TestFactory
    @Tag("full")
    Stream<DynamicTest> predictsWithTheNoiseOfTransformersInBf16() {
        Path file = GoldenFiles.root().resolve("bf16.json");
        JsonNode noise = Files.exists(file) ? GoldenFiles.json(file).get("models") : MissingNode.getInstance();
        return predicting(MatmulBackend.PACKED_BF16, any -> true, (folder, distance) -> {
            JsonNode reference = noise.path(folder.getFileName().toString()).path("autocast");
            assertNoise("logits", distance, reference, 3, new ArrayList<>());
        });
    }

    /** In 8 bits the cosine with the logits of transformers must be 0.98; these small models have few weights. */
    @TestFactory
    @Tag("full")
    Stream<DynamicTest> predictsInInt8CloseToTransformers() {
        return Stream.of(MatmulBackend.INT8, MatmulBackend.INT8_AND_BF16)
                .flatMap(matmul -> predicting(matmul, head -> head != HeadKind.CAUSAL_LM, 0.98));
    }

    /**
     * With weights in 8 bits the cosine with the logits of transformers must be 0.998, with 4 bits 0.85; these small
     * models have few weights.
     */
    @TestFactory
    @Tag("full")
    Stream<DynamicTest> predictsWithNarrowWeightsCloseToTransformers() {
        return Map.of(
                        MatmulBackend.INT8_WEIGHTS, 0.998,
                        MatmulBackend.INT8_WEIGHTS_AND_BF16, 0.998,
                        MatmulBackend.INT4_WEIGHTS, 0.85,
                        MatmulBackend.INT4_WEIGHTS_AND_BF16, 0.85)
                .entrySet()
                .stream()
                .flatMap(entry -> predicting(entry.getKey(), HeadKind.CAUSAL_LM::equals, entry.getValue()));
    }

    private static Stream<DynamicTest> predicting(MatmulBackend matmul, Predicate<HeadKind> heads, double cosine) {
        return predicting(
                matmul,
                heads,
                (folder, distance) -> assertThat(distance.relative()).isBetween(1e-9, Math.sqrt(2 - 2 * cosine)));
    }

    private static Stream<DynamicTest> predicting(
            MatmulBackend matmul, Predicate<HeadKind> heads, BiConsumer<Path, Distance> check) {
        return GoldenModel.folders().stream()
                .filter(folder -> GoldenModel.unsupported(folder).isEmpty())
                .filter(folder -> heads.test(GoldenFiles.head(folder).orElseThrow()))
                // The logits of every token come from the test itself, in F32.
                .filter(folder -> GoldenFiles.head(folder).orElseThrow() != HeadKind.MASKED_LM)
                .map(folder -> DynamicTest.dynamicTest(folder.getFileName() + ": " + matmul, () -> {
                    try (GoldenModel golden = GoldenModel.toPredict(folder, matmul);
                            NDManager owner = golden.manager.newSubManager()) {
                        float[][] logits = golden.logits(owner);
                        check.accept(folder, new Distance().add(logits[0], logits[1]));
                    }
                }));
    }

    private static void assertNoise(
            String what, Distance distance, JsonNode reference, double chance, List<Double> ratios) {
        double most = Math.sqrt(2 - 2 * 0.99);
        if (reference.has(what)) {
            most = chance * reference.get(what).asDouble();
            ratios.add(distance.relative() / reference.get(what).asDouble());
        }
        assertThat(distance.relative()).as(what).isBetween(1e-9, most);
    }

    /** Distance of tensors from the reference, by L2 norms. */
    private static final class Distance {
        private double off;
        private double whole;

        Distance add(float[] actual, float[] reference) {
            assertThat(actual).hasSameSizeAs(reference);
            for (int i = 0; i < actual.length; i++) {
                double difference = (double) actual[i] - reference[i];
                off += difference * difference;
                whole += (double) reference[i] * reference[i];
            }
            return this;
        }

        double relative() {
            return Math.sqrt(off / whole);
        }
    }

    private interface Check {
        void run(GoldenModel golden, Path folder);
    }

    private static Stream<DynamicTest> supported(String what, Check check) {
        return GoldenModel.folders().stream()
                .filter(folder -> GoldenModel.unsupported(folder).isEmpty())
                .map(folder -> DynamicTest.dynamicTest(folder.getFileName() + ": " + what, () -> {
                    try (GoldenModel golden =
                            GoldenModel.load(folder, Trainable.all()).orElseThrow()) {
                        check.run(golden, folder);
                    }
                }));
    }

    private static Offset<Double> offset(double value) {
        return Offset.offset(value);
    }

    static void assertClose(String what, float[] actual, float[] expected, double tolerance) {
        assertClose(what, actual, expected, tolerance, 0);
    }

    private static void assertClose(String what, float[] actual, float[] expected, double tolerance, double relative) {
        assertThat(actual).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            double allowed = tolerance + relative * Math.abs(expected[i]);
            // Not "greater", so that NaN is no value that is allowed.
            if (!(Math.abs((double) actual[i] - expected[i]) <= allowed)) {
                assertThat((double) actual[i]).as("%s[%d]", what, i).isCloseTo(expected[i], offset(allowed));
            }
        }
    }
}
