package io.github.sparkfinetune.core.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import java.util.List;
import java.util.Map;

/**
 * Content of a checkpoint besides tensors, in {@code state.json}: one JSON object with these fields, in snake case
 * ({@code global_batch}). The step is the whole cursor: the next samples, their order, dropout and the learning rate
 * follow from the step, the seed and the configuration. Unknown fields are refused.
 *
 * @param globalBatch samples of a step over all ranks
 * @param seed seed of the run
 * @param totalSamples samples of the training split
 * @param precision compute dtype; null in checkpoints of version 0.1
 * @param generations number of generations of the dataset; absent (null) if the dataset does not grow
 * @param step optimizer steps done
 * @param samples samples of these steps, repeated epochs counted
 * @param tokens tokens of these samples, without padding
 * @param bestStep step of the best evaluation, or -1
 * @param bestMetric value of {@code training.metric_for_best_model}, or 0
 * @param bestEval all its metrics by name
 * @param evaluationsSinceBest evaluations without improvement since then
 * @param records records since the checkpoint before, each an object with the fields of {@link TrainingRecord}
 * @param result result of the run, an object with the fields of {@link TrainingResult}, or null before the end
 */
record TrainState(
        long globalBatch,
        long seed,
        long totalSamples,
        Precision precision,
        @JsonInclude(JsonInclude.Include.NON_NULL) Integer generations,
        long step,
        long samples,
        long tokens,
        long bestStep,
        double bestMetric,
        Map<String, Double> bestEval,
        int evaluationsSinceBest,
        List<TrainingRecord> records,
        TrainingResult result) {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    JsonNode toJson() {
        return JSON.valueToTree(this);
    }

    static TrainState of(JsonNode json, String checkpoint) {
        try {
            return JSON.treeToValue(json, TrainState.class);
        } catch (JsonProcessingException e) {
            throw RunException.data(
                    "checkpoint " + checkpoint + ": state.json cannot be understood (" + e.getOriginalMessage()
                            + "): delete the checkpoint, or train into a new output.dir",
                    e);
        }
    }

    /** Returns the number of a dataset's generations as the state has it: null if the dataset does not grow. */
    static Integer generations(Manifest manifest) {
        return manifest.generations().isEmpty() ? null : manifest.generations().size();
    }

    /** Refuses to continue a run that was started with another seed or other data. */
    void requireSame(String checkpoint, long otherSeed, long otherSamples, Manifest manifest) {
        int others = manifest.generations().size();
        if (generations != null && generations != others) {
            throw RunException.config("checkpoint " + checkpoint + " was trained on generation " + generations
                    + " of a dataset that has " + others + " by now: set output.dir to a new folder, data.dir to"
                    + " this dataset, and model to the model of this run to go on from it, or leave model as it is to"
                    + " start anew");
        }
        if (seed != otherSeed || totalSamples != otherSamples) {
            throw RunException.config(
                    "checkpoint " + checkpoint + " belongs to a run with training.seed " + seed + " over "
                            + totalSamples + " samples, this one has " + otherSeed + " and " + otherSamples
                            + ": set them back, or train into a new output.dir");
        }
    }
}
