package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.ModelGoldenTest.assertClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.model.weight.Trainable;
import io.github.sparkfinetune.core.optim.DenseGradient;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.plan.PrivateSteps;
import io.github.sparkfinetune.core.plan.StepPlan;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.train.sample.PrivateGradient;
import io.github.sparkfinetune.core.train.sample.PublicNorm;
import io.github.sparkfinetune.core.train.sample.SampleProducts;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every weight of a golden model has the clipped sum of PyTorch's gradients of each sample, which are Opacus' where
 * Opacus has a rule (golden/make_private.py). Half of the samples are clipped. Products of the gradients are PyTorch's.
 */
class PrivateGoldenTest {
    private static final String FILE = "private.safetensors";

    @TempDir
    Path dir;

    private static Stream<Path> folders() {
        return GoldenFiles.folders("models").stream().filter(folder -> Files.exists(folder.resolve(FILE)));
    }

    @TestFactory
    Stream<DynamicTest> sumsClippedGradientsOfEveryWeight() {
        return folders()
                .flatMap(folder -> Stream.of(
                        test(folder, "together", 4, false),
                        test(folder, "in micro-batches of 3", 3, false),
                        test(folder, "one after the other", 1, false),
                        test(folder, "with gradient checkpointing", 4, true)));
    }

    @TestFactory
    Stream<DynamicTest> multipliesGradientsOfEveryWeight() {
        return folders()
                .flatMap(folder -> Stream.of(false, true)
                        .map(recompute -> DynamicTest.dynamicTest(
                                folder.getFileName() + (recompute ? " with gradient checkpointing" : ""),
                                () -> compareProducts(folder, recompute))));
    }

    private void compareProducts(Path folder, boolean recompute) throws Exception {
        try (GoldenModel golden = GoldenModel.load(folder, Trainable.all()).orElseThrow();
                SafetensorsFile expected = SafetensorsFile.open(folder.resolve(FILE));
                SampleProducts products = golden.products(TinyDecoder.training(recompute))) {
            float[] values = GoldenFiles.floats(expected, "products");
            float[] norms = GoldenFiles.floats(expected, "norms");
            List<Sample> samples = golden.samples;
            // Gradients that are kept must not change with later ones.
            products.keep(samples.subList(1, 3), Long.MAX_VALUE, () -> {});
            assertThat(products.keep(samples, Long.MAX_VALUE, () -> {})).isEqualTo(samples.size());
            products.with(samples.subList(0, 1), () -> {});

            double[][] actual = products.with(samples, () -> {});
            assertThat(products.keep(samples, 1, () -> {})).isEqualTo(1);
            double[][] first = products.with(samples, () -> {});

            for (int i = 0; i < norms.length; i++) {
                assertThat(actual[i]).hasSize(norms.length);
                assertThat(first[i]).containsExactly(new double[] {actual[i][0]}, within(1e-6 * norms[i] * norms[0]));
                for (int k = 0; k < norms.length; k++) {
                    assertThat(actual[i][k])
                            .as("product of %d and %d", i, k)
                            .isCloseTo(values[i * norms.length + k], within(1e-5 * norms[i] * norms[k]));
                }
            }
        }
    }

    private DynamicTest test(Path folder, String what, int batchSize, boolean recompute) {
        return DynamicTest.dynamicTest(folder.getFileName() + " " + what, () -> compare(folder, batchSize, recompute));
    }

    private void compare(Path folder, int batchSize, boolean recompute) throws Exception {
        try (GoldenModel golden = GoldenModel.load(folder, Trainable.all()).orElseThrow();
                SafetensorsFile expected = SafetensorsFile.open(folder.resolve(FILE))) {
            float most = GoldenFiles.floats(expected, "max_grad_norm")[0];
            RunConfig config = TinyDecoder.config(
                    "output.dir=" + Files.createTempDirectory(dir, "run").toUri(),
                    "training.per_device_train_batch_size=" + batchSize,
                    "training.gradient_checkpointing=" + recompute,
                    "training.privacy.noise_multiplier=1.0e-9",
                    "training.privacy.max_grad_norm=" + most);
            TrainStep step = golden.step(new SingleRank(), config.training());
            StepPlan plan = new StepPlan(golden.samples.size(), golden.samples.size(), 1);
            PrivateSteps steps =
                    PrivateSteps.of(config, plan, 0, new SingleRank(), new Configuration(false), 1, () -> 1);
            step.use(new PrivateGradient(step.parts(), steps));
            List<List<Sample>> parts = TrainStep.microBatches(golden.samples, batchSize);

            double[] norms = PublicNorm.norms(step.parts(), parts, () -> {}).stream()
                    .mapToDouble(norm -> norm)
                    .sorted()
                    .toArray();
            float[] expectedNorms = GoldenFiles.floats(expected, "norms");
            Arrays.sort(expectedNorms);
            for (int i = 0; i < norms.length; i++) {
                assertThat(norms[i]).as("norm %d", i).isCloseTo(expectedNorms[i], withinPercentage(1e-3));
            }

            // The second step must not see values of the first.
            step.gradient(0, parts, false, () -> false, () -> {});
            step.gradient(0, parts, false, () -> false, () -> {});

            Map<String, float[]> sums = new LinkedHashMap<>();
            for (ParameterGradient trained : step.gradients().parameters()) {
                sums.put(trained.parameter().name(), DenseGradient.values(trained));
            }
            assertThat(sums.keySet())
                    .containsExactlyInAnyOrderElementsOf(expected.names().stream()
                            .filter(name -> name.startsWith("sum."))
                            .map(name -> name.substring("sum.".length()))
                            .toList());
            sums.forEach((name, sum) -> assertClose(
                    "clipped sum of " + name, sum, GoldenFiles.floats(expected, "sum." + name), 1e-5 * most));
        }
    }
}
