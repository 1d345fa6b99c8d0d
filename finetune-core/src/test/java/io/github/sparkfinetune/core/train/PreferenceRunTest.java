package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertBitEqual;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.predict.References;
import io.github.sparkfinetune.core.train.RunAssertions.Way;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.testing.TestMatrix;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole runs on paired and unpaired answers train the same model however a batch is split. */
class PreferenceRunTest {
    @TempDir
    Path folder;

    private TinyRun tiny(String task, String... settings) throws Exception {
        Path base = TinyModel.copy(folder.resolve("base"), "llama-tied", config -> {});
        return new TinyRun(folder, base, task, settings);
    }

    private static final List<Way> WAYS = List.of(Way.TWO_RANKS, Way.THREE_RANKS, Way.ACCUMULATION, Way.RECOMPUTATION);

    static Stream<Arguments> pairsAndWays() {
        return TestMatrix.of(TestMatrix.product(
                List.of(
                        "method.type=full",
                        "method.type=lora training.learning_rate=1.0e-2",
                        "method.type=qlora training.learning_rate=1.0e-2",
                        "method.type=lora method.trainable_token_indices=[20,7,31]",
                        "method.type=freeze method.freeze_layers=1 preference.loss_type=ipo",
                        "method.type=full preference.reference_free=true preference.label_smoothing=0.1",
                        "method.type=full preference.loss_type=simpo preference.beta=2",
                        "method.type=lora training.learning_rate=1.0e-2 preference.loss_type=orpo",
                        "method.type=full preference.loss_type=apo_zero preference.rpo_alpha=0.5"),
                WAYS));
    }

    @ParameterizedTest
    @MethodSource("pairsAndWays")
    void trainsTheSameModelOnPairsWithRanksMicroBatchesAndRecomputation(String settings, Way way) throws Exception {
        assertSame(tiny("preference", settings.split(" ")), way);
    }

    static Stream<Arguments> rewardsAndWays() {
        return TestMatrix.of(TestMatrix.product(
                List.of(
                        "method.type=full",
                        "method.type=lora training.learning_rate=1.0e-2",
                        "method.type=qlora training.learning_rate=1.0e-2",
                        "method.type=freeze reward.center_rewards_coefficient=0.1"),
                WAYS));
    }

    @ParameterizedTest
    @MethodSource("rewardsAndWays")
    void trainsTheSameRewardsWithRanksMicroBatchesAndRecomputation(String settings, Way way) throws Exception {
        assertSame(tiny("reward", settings.split(" ")), way);
    }

    static Stream<Arguments> answersAndWays() {
        return TestMatrix.of(TestMatrix.product(
                List.of(
                        "method.type=full training.learning_rate=1.0e-3",
                        "method.type=lora training.learning_rate=1.0e-2",
                        "method.type=qlora training.learning_rate=1.0e-2 method.use_dora=true",
                        "method.type=freeze method.freeze_layers=1 unpaired_preference.undesirable_weight=2",
                        "method.type=full unpaired_preference.loss_type=apo_zero_unpaired"),
                WAYS));
    }

    @ParameterizedTest
    @MethodSource("answersAndWays")
    void trainsTheSameModelOnUnpairedAnswersWithRanksMicroBatchesAndRecomputation(String settings, Way way)
            throws Exception {
        assertSame(tiny("unpaired-preference", settings.split(" ")), way);
    }

    @ParameterizedTest
    @CsvSource({"preference, 0.69315, 0.6", "unpaired-preference, 0.5, 0.45"})
    void resumesWithTheReferenceOfTheInitialModel(String task, double firstLoss, double lastLoss) throws Exception {
        TinyRun tiny = tiny(task);
        String[] settings = {"training.save_steps=4", "training.save_total_limit=20", "training.learning_rate=1.0e-3"};
        RunConfig whole = tiny.config("whole", settings);
        TinyRun.Outcome outcome = tiny.run(whole, 2, null);
        assertThat(outcome.losses().get(0)).isCloseTo(firstLoss, within(1e-5));
        assertThat(outcome.losses().get(9)).isLessThan(lastLoss);
        Map<String, Double> eval = outcome.result().eval();
        assertThat(eval.get("rewards/margins"))
                .isCloseTo(eval.get("rewards/chosen") - eval.get("rewards/rejected"), within(1e-6))
                .isPositive();

        Checkpoint fourth = tiny.checkpoints(whole).get(0);
        // With the saved reference values, and with the checkpoint alone.
        for (boolean kept : new boolean[] {true, false}) {
            RunConfig resumed = tiny.config("resumed-" + kept, settings);
            TinyRun.copy(whole, resumed, fourth);
            if (kept) {
                Files.copy(reference(whole), reference(resumed));
            }
            assertThat(tiny.run(resumed, 2, fourth.name()).losses().subList(4, 10))
                    .isEqualTo(outcome.losses().subList(4, 10));
            assertBitEqual(TinyRun.model(resumed), TinyRun.model(whole));
            assertThat(reference(resumed)).hasSameBinaryContentAs(reference(whole));
        }
    }

    @Test
    void refusesReferenceValuesOfAnotherDataset() throws Exception {
        TinyRun tiny = tiny("preference");
        RunConfig config = tiny.config("run");
        tiny.run(config, 1, null);
        Configuration hadoop = new Configuration();
        org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
        Manifest manifest = Manifest.read(dataset, hadoop);
        try (ParquetSamples eval = ParquetSamples.open(dataset, manifest, Manifest.EVAL, hadoop)) {
            assertThat(References.withReferences(config, manifest, Manifest.EVAL, eval, hadoop, folder)
                            .read(3)
                            .targets())
                    .hasSize(2)
                    .satisfies(targets -> assertThat(targets[0]).isNegative())
                    .satisfies(targets -> assertThat(targets[1]).isNegative());
            RunConfig other = tiny.config("other");
            assertThatThrownBy(() -> References.withReferences(other, manifest, Manifest.EVAL, eval, hadoop, folder))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("other/reference.safetensors, the references of the run, is missing or"
                            + " belongs to another dataset: train into a new output.dir");
        }
        assertThat(List.of(folder.toFile().list())).noneMatch(name -> name.startsWith("reference-"));
    }

    private static Path reference(RunConfig config) {
        return Path.of(java.net.URI.create(config.output().dir())).resolve("reference.safetensors");
    }
}
