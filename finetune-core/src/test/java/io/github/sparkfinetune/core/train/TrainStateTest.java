package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.key.Components;
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
        return Manifest.of(
                        RunConfig.Task.CAUSAL_LM,
                        List.of(),
                        8,
                        0,
                        Map.of(),
                        Components.with(
                                DatasetOptions.ofTexts(128, 1000, true, "cafe", 2, 42)
                                        .withColumns("text", null, null),
                                "incremental",
                                true))
                .withGenerations(Collections.nCopies(generations, generation));
    }

    private static TrainState state(Manifest manifest) {
        TrainState state = new TrainState(
                4, 42, 8, null, TrainState.generations(manifest), 1, 4, 40, -1, 0, Map.of(), 0, List.of(), null);
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
