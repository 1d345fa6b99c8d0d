package io.github.sparkfinetune.core.train;

import static io.github.sparkfinetune.core.train.RunAssertions.assertBitEqual;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSameLosses;
import static io.github.sparkfinetune.core.train.RunAssertions.assertSameModel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.task.TestRows;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.task.TaskInput;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs train the same model however a batch is split over ranks and micro-batches, with the model's dropout. */
class FineTunerTest {
    @TempDir
    private Path folder;

    private TinyRun tiny;

    @BeforeEach
    void prepare() throws Exception {
        tiny = new TinyRun(folder, "bert-seqcls", 0.1);
    }

    @Test
    void trainsTheSameModelWithRanksAndMicroBatches() throws Exception {
        RunConfig one = tiny.config("one");
        TinyRun.Outcome reference = tiny.run(one, 1, null);
        assertThat(reference.losses()).hasSize(10).doesNotHaveDuplicates();
        for (String[] other : new String[][] {
            {"2", "training.per_device_train_batch_size=6"},
            {"3", "training.per_device_train_batch_size=4"},
            {"1", "training.per_device_train_batch_size=3", "training.gradient_accumulation_steps=4"},
            {"2", "training.per_device_train_batch_size=2", "training.gradient_accumulation_steps=3"},
        }) {
            RunConfig config = tiny.config(
                    "other-" + String.join("-", other).hashCode(), Arrays.copyOfRange(other, 1, other.length));
            TinyRun.Outcome outcome = tiny.run(config, Integer.parseInt(other[0]), null);
            assertSameLosses(outcome.losses(), reference.losses());
            assertSameModel(TinyRun.model(config), TinyRun.model(one));
        }
    }

    @Test
    void accumulatesFourBatchesOfTwoLikeOneOfEight() throws Exception {
        RunConfig one = tiny.config("one", "training.per_device_train_batch_size=8");
        RunConfig four =
                tiny.config("four", "training.per_device_train_batch_size=2", "training.gradient_accumulation_steps=4");
        assertSameLosses(
                tiny.run(four, 1, null).losses(), tiny.run(one, 1, null).losses());
        assertSameModel(TinyRun.model(four), TinyRun.model(one));
    }

    @Test
    void repeatsARunBitEqual() throws Exception {
        RunConfig first = tiny.config("first", "training.per_device_train_batch_size=6");
        RunConfig second = tiny.config("second", "training.per_device_train_batch_size=6");
        assertThat(tiny.run(first, 2, null).losses())
                .isEqualTo(tiny.run(second, 2, null).losses());
        assertBitEqual(TinyRun.model(second), TinyRun.model(first));
    }

    @Test
    void resumesBitEqualFromAnyStep() throws Exception {
        String[] settings = {
            "training.per_device_train_batch_size=6", "training.save_steps=1", "training.save_total_limit=20"
        };
        RunConfig whole = tiny.config("whole", settings);
        List<Double> losses = tiny.run(whole, 2, null).losses();
        List<Checkpoint> checkpoints = tiny.checkpoints(whole);
        assertThat(checkpoints).hasSize(10);
        for (int i : new int[] {0, 4, 6, 8}) {
            RunConfig resumed = tiny.config("resumed-" + i, settings);
            TinyRun.copy(whole, resumed, checkpoints.get(i));
            TinyRun.Outcome outcome = tiny.run(resumed, 2, checkpoints.get(i).name());
            // The checkpoint keeps the record of its own step.
            assertThat(outcome.losses()).isEqualTo(losses.subList(i, 10));
            assertBitEqual(TinyRun.model(resumed), TinyRun.model(whole));
        }
    }

    @Test
    void savesAndKeepsACheckpointAfterEachShareOfTheSteps() throws Exception {
        String share = "training.keep_checkpoints_every=0.25";
        RunConfig alone = tiny.config("alone", share, "training.save_total_limit=1");
        tiny.run(alone, 1, null);
        assertThat(tiny.checkpoints(alone))
                .extracting(Checkpoint::step)
                .as("of 10 steps, the first after 2.5, 5 and 7.5, and the last")
                .containsExactlyInAnyOrder(3L, 5L, 8L, 10L);

        RunConfig more = tiny.config("more", share, "training.save_steps=4", "training.save_total_limit=5");
        tiny.run(more, 1, null);
        assertThat(tiny.checkpoints(more)).extracting(Checkpoint::step).containsExactlyInAnyOrder(3L, 4L, 5L, 8L, 10L);
        assertBitEqual(TinyRun.model(more), TinyRun.model(alone));
    }

    @Test
    void continuesBitEqualAfterPauses() throws Exception {
        String[] settings = {"training.per_device_train_batch_size=6", "training.eval_steps=2"};
        RunConfig whole = tiny.config("whole", settings);
        TinyRun.Outcome reference = tiny.run(whole, 2, null);
        RunConfig paused = tiny.config("paused", settings);
        for (long until : new long[] {4, 4, 6}) {
            TrainingResult result = tiny.runUntil(paused, 2, until).result();
            assertThat(result.steps()).isEqualTo(until);
            assertThat(result.bestStep()).isLessThanOrEqualTo(until);
            assertThat(result.eval()).containsKey("loss");
            assertThat(TinyRun.exported(paused)).doesNotExist();
        }
        TinyRun.Outcome end = tiny.runUntil(paused, 2, Long.MAX_VALUE);
        assertThat(end.result().steps()).isEqualTo(reference.result().steps());
        assertThat(end.result().samples()).isEqualTo(reference.result().samples());
        assertThat(end.result().tokens()).isEqualTo(reference.result().tokens());
        assertThat(end.result().bestStep()).isEqualTo(reference.result().bestStep());
        assertThat(end.result().eval()).isEqualTo(reference.result().eval());
        assertBitEqual(TinyRun.model(paused), TinyRun.model(whole));
        assertThat(tiny.runUntil(paused, 2, 4).result()).isEqualTo(end.result());
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "full"})
    void losesNoStepWhenARankLeaves(String shard) throws Exception {
        String[] settings = {"training.per_device_train_batch_size=6", "training.eval_steps=2", "cluster.shard=" + shard
        };
        RunConfig whole = tiny.config("whole", settings);
        TinyRun.Outcome reference = tiny.run(whole, 2, null);
        RunConfig left = tiny.config("left", settings);
        for (int leaving : new int[] {0, 1}) {
            assertThatThrownBy(() -> tiny.runWithStops(left, 2, "leaving-" + leaving, rank -> asked(rank == leaving)))
                    .hasRootCauseInstanceOf(LeavingRankException.class)
                    .hasRootCauseMessage("rank 0 leaves after step " + newestStep(left) + ", which is saved");
        }
        assertThat(newestStep(left)).as("steps of both").isBetween(2L, 9L);
        TinyRun.Outcome end = tiny.runUntil(left, 2, Long.MAX_VALUE);
        assertThat(end.result().steps()).isEqualTo(reference.result().steps());
        assertThat(end.result().samples()).isEqualTo(reference.result().samples());
        assertThat(end.result().tokens()).isEqualTo(reference.result().tokens());
        assertThat(end.result().bestStep()).isEqualTo(reference.result().bestStep());
        assertThat(end.result().eval()).isEqualTo(reference.result().eval());
        assertBitEqual(TinyRun.model(left), TinyRun.model(whole));
    }

    /** Returns what a rank is asked: to leave after some work, if it is the one that leaves. */
    private static Supplier<StopRequest> asked(boolean leaves) {
        AtomicInteger work = new AtomicInteger();
        return () -> leaves && work.incrementAndGet() > 10 ? StopRequest.AFTER_STEP : StopRequest.NONE;
    }

    private long newestStep(RunConfig config) {
        List<Checkpoint> saved = tiny.checkpoints(config);
        return saved.get(saved.size() - 1).step();
    }

    @Test
    void trainsTheSameModelWithTimedCheckpoints() throws Exception {
        String batch = "training.per_device_train_batch_size=6";
        RunConfig never = tiny.config("never", batch, "training.save_minutes=0");
        RunConfig always = tiny.config("always", batch, "training.save_minutes=1.0e-9", "training.save_total_limit=20");
        List<Double> losses = tiny.run(never, 2, null).losses();
        assertThat(tiny.run(always, 2, null).losses()).isEqualTo(losses);
        assertBitEqual(TinyRun.model(always), TinyRun.model(never));
        assertThat(tiny.checkpoints(never)).hasSize(1);
        assertThat(tiny.checkpoints(always)).hasSize(10);
        RunConfig resumed = tiny.config("resumed", batch);
        Checkpoint fourth = tiny.checkpoints(always).get(3);
        TinyRun.copy(always, resumed, fourth);
        assertThat(tiny.run(resumed, 2, fourth.name()).losses()).isEqualTo(losses.subList(3, 10));
        assertBitEqual(TinyRun.model(resumed), TinyRun.model(never));
    }

    @Test
    void limitsTheSamplesOfAnEvaluation() throws Exception {
        Map<String, Double> all = tiny.run(tiny.config("all"), 1, null).result().eval();
        Map<String, Double> five = tiny.run(tiny.config("five", "training.eval_max_samples=5"), 2, null)
                .result()
                .eval();
        assertThat(five.get("accuracy") * 5 % 1).isZero();
        assertThat(five.get("loss")).isNotEqualTo(all.get("loss"));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void resumesWithTheSameGlobalBatchOnOtherRanks(int ranks) throws Exception {
        String[] settings = {
            "training.per_device_train_batch_size=6", "training.save_steps=4", "training.save_total_limit=20"
        };
        RunConfig whole = tiny.config("whole", settings);
        List<Double> losses = tiny.run(whole, 2, null).losses();
        RunConfig resumed = tiny.config("resumed", settings);
        Checkpoint fourth = tiny.checkpoints(whole).get(0);
        TinyRun.copy(whole, resumed, fourth);
        TinyRun.Outcome outcome = tiny.run(resumed, ranks, fourth.name());
        assertSameLosses(outcome.losses().subList(4, 10), losses.subList(4, 10));
        assertSameModel(TinyRun.model(resumed), TinyRun.model(whole));
    }

    @Test
    void returnsTheResultOfAFinishedRun() throws Exception {
        RunConfig config = tiny.config("done");
        TinyRun.Outcome first = tiny.run(config, 1, null);
        String last = FineTuner.newestCheckpoint(config, new Configuration());
        TinyRun.Outcome again = tiny.run(config, 1, last);
        assertThat(again.result()).isEqualTo(first.result());
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "0", "1"})
    void keepsFrozenParametersBitEqual(String layers) throws Exception {
        RunConfig config = tiny.config(
                "frozen", "method.type=freeze", "method.freeze_layers=" + layers, "training.learning_rate=1.0e-2");
        tiny.run(config, 1, null);
        Map<String, float[]> before = TinyModel.weights(tiny.base());
        Map<String, float[]> after = TinyRun.model(config);
        after.forEach((name, values) -> {
            boolean head = name.startsWith("classifier") || name.contains("pooler");
            boolean trained =
                    head || (!layers.equals("null") && name.matches(".*encoder\\.layer\\.[" + layers + "-9].*"));
            if (trained) {
                assertThat(values).as(name).isNotEqualTo(before.get(name));
            } else {
                assertThat(values).as(name).isEqualTo(before.get(name));
            }
        });
    }

    @Test
    void learnsAndKeepsTheBestModel() throws Exception {
        RunConfig config = tiny.config(
                "best",
                "training.max_steps=60",
                "training.learning_rate=5.0e-3",
                "training.eval_steps=5",
                "training.metric_for_best_model=accuracy",
                "training.early_stopping_patience=3");
        TinyRun.Outcome outcome = tiny.run(config, 1, null);
        TrainingResult result = outcome.result();
        assertThat(result.eval().get("accuracy")).isGreaterThan(0.8);
        double best = outcome.records().stream()
                .filter(record -> record.eval() != null)
                .mapToDouble(record -> record.eval().get("accuracy"))
                .max()
                .orElseThrow();
        assertThat(result.eval().get("accuracy")).isEqualTo(best);
        assertThat(result.steps() - result.bestStep()).isIn(0L, 15L);
        Configuration hadoop = new Configuration();
        try (Predictor predictor = Predictor.trained(config, hadoop, tiny.base(), -1, 1)) {
            org.apache.hadoop.fs.Path model =
                    new org.apache.hadoop.fs.Path(config.output().model());
            assertThat(HfConfig.read(model, hadoop).labels()).containsExactly("a", "b", "c");
            TaskInput text = TaskInput.text("file", "text", null, new Sample(0, new int[] {1, 2}, new int[2], -1));
            Map<String, Object> row =
                    TestRows.named(predictor.predict(List.of(text).iterator()).next());
            assertThat(row.get("prediction")).isIn("a", "b", "c");
            assertThat((double[]) row.get("probabilities")).hasSize(3);
        }
    }
}
