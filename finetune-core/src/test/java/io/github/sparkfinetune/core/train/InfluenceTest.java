package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.checkpoint.CheckpointFiles;
import io.github.sparkfinetune.core.checkpoint.CheckpointStore;
import io.github.sparkfinetune.core.checkpoint.LoadedCheckpoint;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.optim.DenseGradient;
import io.github.sparkfinetune.core.optim.LrSchedule;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.train.Influence.Point;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class InfluenceTest {
    private static final int SAMPLES = 9;

    @TempDir
    Path folder;

    private final Configuration hadoop = new Configuration();
    private TinyRun tiny;

    @BeforeEach
    void prepare() throws Exception {
        tiny = new TinyRun(folder, "bert-seqcls", 0.1);
    }

    /** Returns a run that has ended and kept its checkpoints after 4, 8 and 10 steps. */
    private RunConfig trained(String method, String... more) throws Exception {
        RunConfig config = tiny.config(
                "run",
                Stream.concat(
                                Stream.of(
                                        "method.type=" + method,
                                        "training.save_steps=4",
                                        "training.save_total_limit=3"),
                                Stream.of(more))
                        .toArray(String[]::new));
        tiny.run(config, 2, null);
        return config;
    }

    private RankContext rank() {
        return new RankContext(
                new SingleRank(),
                -1,
                1,
                hadoop,
                folder.resolve("local"),
                "explain",
                record -> {},
                () -> StopRequest.NONE);
    }

    private Manifest manifest(RunConfig config) throws Exception {
        return Manifest.read(new org.apache.hadoop.fs.Path(config.dataset()), hadoop);
    }

    private List<Point> points(RunConfig config) throws Exception {
        return Influence.points(config, manifest(config), hadoop);
    }

    private double[][] influence(RunConfig config, List<Sample> predictions, long from, long to) throws Exception {
        try (Influence influence = new Influence(config, rank(), points(config))) {
            return influence.of(predictions, from, to);
        }
    }

    private List<Sample> evaluated(RunConfig config, int count) throws Exception {
        try (TrainingResources resources = new TrainingResources(config, rank(), null)) {
            return LongStream.range(0, count)
                    .mapToObj(resources.eval().orElseThrow()::read)
                    .toList();
        }
    }

    @Test
    void weighsACheckpointByTheLearningRatesOfItsSteps() throws Exception {
        RunConfig config = trained("lora");

        List<Point> points = points(config);

        assertThat(points)
                .extracting(Point::checkpoint)
                .containsExactlyElementsOf(FineTuner.store(config, hadoop, "test").committed().stream()
                        .map(Checkpoint::name)
                        .toList());
        LrSchedule schedule = LrSchedule.of(config.training(), 10);
        double[] expected = Stream.of(new int[] {8, 10}, new int[] {4, 8}, new int[] {0, 4})
                .mapToDouble(steps -> IntStream.range(steps[0], steps[1])
                                .mapToDouble(schedule::at)
                                .sum()
                        / TinyDataset.TRAIN_ROWS)
                .toArray();
        assertThat(points.stream().mapToDouble(Point::weight).toArray()).containsExactly(expected, within(1e-15));
    }

    /** The products are those of gradients that training computes for one sample at a time. */
    @ParameterizedTest
    @ValueSource(strings = {"lora", "freeze", "full"})
    void sumsProductsOfGradientsOverCheckpoints(String method) throws Exception {
        RunConfig config = trained(method);
        List<Sample> predictions = evaluated(config, 3);
        double[][] expected = new double[SAMPLES][predictions.size()];
        // Without dropout, as predictions are made.
        RunConfig still = new TinyRun(Files.createDirectory(folder.resolve("still")), "bert-seqcls", 0)
                .config(
                        "run",
                        "method.type=" + method,
                        "output.dir=" + config.output().dir(),
                        "data.dir=" + config.dataset());
        try (TrainingResources resources = new TrainingResources(still, rank(), null)) {
            List<Sample> samples = LongStream.range(0, SAMPLES)
                    .mapToObj(resources.train()::read)
                    .toList();
            for (Point point : points(config)) {
                restore(config, resources, point);
                List<float[]> ofPredictions = gradients(resources, predictions);
                List<float[]> ofSamples = gradients(resources, samples);
                for (int i = 0; i < SAMPLES; i++) {
                    for (int p = 0; p < predictions.size(); p++) {
                        expected[i][p] += point.weight() * product(ofSamples.get(i), ofPredictions.get(p));
                    }
                }
            }
        }

        double[][] actual = influence(config, predictions, 0, SAMPLES);

        assertThat(actual).hasNumberOfRows(SAMPLES);
        double largest = Stream.of(expected)
                .flatMapToDouble(java.util.Arrays::stream)
                .map(Math::abs)
                .max()
                .orElseThrow();
        for (int i = 0; i < SAMPLES; i++) {
            assertThat(actual[i]).as("sample %d", i).containsExactly(expected[i], within(1e-5 * largest));
        }
        // Any division into tasks gives the same.
        double[][] part = influence(config, predictions, 4, SAMPLES);
        for (int i = 4; i < SAMPLES; i++) {
            assertThat(part[i - 4]).containsExactly(actual[i], within(1e-5 * largest));
        }
    }

    private void restore(RunConfig config, TrainingResources resources, Point point) {
        CheckpointStore store = FineTuner.store(config, hadoop, "test");
        CheckpointFiles files =
                store.from(Checkpoint.ofName(point.checkpoint()).orElseThrow()).get(0);
        try (LoadedCheckpoint loaded =
                store.read(files, resources.tensors().neededParameters(), resources.temporary(), () -> {})) {
            resources.tensors().restoreParameters(loaded);
        }
    }

    private static List<float[]> gradients(TrainingResources resources, List<Sample> samples) {
        List<float[]> gradients = new ArrayList<>();
        for (Sample sample : samples) {
            resources.step().gradient(0, List.of(List.of(sample)), false, () -> false, () -> {});
            List<float[]> parts = new ArrayList<>();
            for (ParameterGradient trained : resources.step().gradients().parameters()) {
                parts.add(DenseGradient.values(trained));
            }
            gradients.add(joined(parts));
        }
        return gradients;
    }

    private static float[] joined(List<float[]> parts) {
        float[] all = new float[parts.stream().mapToInt(part -> part.length).sum()];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    private static double product(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> (double) a[i] * b[i])
                .sum();
    }

    /** The inequality of Cauchy and Schwarz. */
    @Test
    void isLargestForASampleOfTheSameGradient() throws Exception {
        RunConfig config = trained("lora");
        List<Sample> samples;
        try (TrainingResources resources = new TrainingResources(config, rank(), null)) {
            samples = LongStream.range(0, SAMPLES)
                    .mapToObj(resources.train()::read)
                    .toList();
        }

        double[][] influence = influence(config, samples, 0, SAMPLES);

        for (int i = 0; i < SAMPLES; i++) {
            assertThat(influence[i][i]).isPositive();
            for (int k = 0; k < SAMPLES; k++) {
                assertThat(influence[i][k]).isCloseTo(influence[k][i], within(1e-6 * influence[i][i]));
                assertThat(Math.abs(influence[i][k]))
                        .isLessThanOrEqualTo(1.000001 * Math.sqrt(influence[i][i] * influence[k][k]));
            }
        }
    }

    @Test
    void refusesRunsWhoseSamplesHaveNoGradientOfTheirOwn() throws Exception {
        assertThatThrownBy(() -> Influence.requireSeparable(tiny.config("run", "task=embedding")))
                .isInstanceOf(RunException.class)
                .hasMessage("task: embedding compares the samples of a step, so a sample alone has no influence to"
                        + " explain");
    }

    @Test
    void refusesARunWithoutCheckpoints() throws Exception {
        RunConfig config = tiny.config("run");
        assertThatThrownBy(() -> points(config))
                .isInstanceOf(RunException.class)
                .hasMessageStartingWith("output.dir: there is no checkpoint in ")
                .hasMessageEndingWith("train first");
    }
}
