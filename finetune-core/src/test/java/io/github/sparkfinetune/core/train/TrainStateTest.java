package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.plan.StepPlan;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Generation;
import io.github.sparkfinetune.data.dataset.Manifest;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TrainStateTest {
    private static Manifest manifest(int generations) {
        Generation generation = new Generation(
                1, new Generation.Files(1, 10), new Generation.Files(0, 0), Map.of("train", 8L), 0, Map.of(), Map.of());
        return new Manifest(
                Manifest.SCHEMA_VERSION,
                RunConfig.Task.CAUSAL_LM,
                new Manifest.Samples(
                        List.of(), 8, 0, Map.of(), List.of(), Collections.nCopies(generations, generation), Map.of()),
                new Manifest.Rows(Map.of(), 0, 0, 0),
                List.of(),
                new DatasetOptions(
                        new DatasetOptions.Columns("text", null, null),
                        new DatasetOptions.Source("jsonl", null, null),
                        new DatasetOptions.Texts(128, 1000, true, "cafe"),
                        new DatasetOptions.Storage(2, 42, true),
                        new DatasetOptions.Samples(null, null, null, null, null),
                        null,
                        new DatasetOptions.Split(0, 0, null, null)),
                null,
                List.of());
    }

    private static TrainState state(Manifest manifest) {
        TrainState state = new TrainState(
                TrainState.Run.of(new StepPlan(8, 4, 2), 42, null, manifest),
                new TrainState.Progress(1, 4, 40),
                new TrainState.Best(-1, 0, Map.of(), 0),
                List.of(),
                null);
        return TrainState.of(state.toJson(), "step-1");
    }

    /** A generation may erase documents of others, so that the number of samples stays. */
    @Test
    void doesNotGoOnWithALaterGeneration() {
        state(manifest(1)).requireSame("step-1", 42, 8, manifest(1));
        state(manifest(0)).requireSame("step-1", 42, 8, manifest(0));

        assertThatThrownBy(() -> state(manifest(1)).requireSame("step-1", 42, 8, manifest(2)))
                .isInstanceOf(RunException.class)
                .hasMessage("checkpoint step-1 was trained on generation 1 of a dataset that has 2 by now: set"
                        + " output.dir to a new folder, data.dir to this dataset, and model to the model of this run to"
                        + " go on from it, or leave model as it is to start anew");
        assertThat(state(manifest(0)).toJson().has("generations")).isFalse();
    }
}
