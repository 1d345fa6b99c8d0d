package io.github.sparkfinetune.core.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.RunException;
import java.util.List;
import java.util.Map;

/**
 * What a checkpoint holds beside tensors, in {@code state.json}: one JSON object with these fields, their names in
 * snake case ({@code global_batch}). {@code step} is the whole cursor: which samples are next, their order, dropout and
 * the learning rate follow from it, the seed and the configuration. A field that is not one of these is refused.
 *
 * @param step optimizer steps done
 * @param globalBatch samples of a step over all ranks, fixed when the run started
 * @param seed of the run, which everything random is derived from
 * @param totalSamples of the training split
 * @param precision of the products; null in checkpoints of version 0.1
 * @param samples trained on so far, repeated epochs counted
 * @param tokens of these, without padding
 * @param bestStep step of the best evaluation, or -1
 * @param bestMetric value of {@code training.metric_for_best_model} there, or 0
 * @param bestEval all metrics there by name
 * @param evaluationsSinceBest evaluations that did not improve since
 * @param records records made since the checkpoint before, each an object with the fields of {@link TrainingRecord},
 *     null where it has none
 * @param result how the run ended, an object with the fields of {@link TrainingResult}, or null while it goes on
 */
record TrainState(
        long step,
        long globalBatch,
        long seed,
        long totalSamples,
        Precision precision,
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
                    "checkpoint " + checkpoint + ": state.json can't be understood (" + e.getOriginalMessage()
                            + "): delete the checkpoint, or train into a new output.dir",
                    e);
        }
    }

    /** Refuses to continue a run that was started with other numbers. */
    void requireSame(String checkpoint, long wantedSeed, long wantedSamples) {
        if (seed != wantedSeed || totalSamples != wantedSamples) {
            throw RunException.config(
                    "checkpoint " + checkpoint + " belongs to a run with training.seed " + seed + " over "
                            + totalSamples + " samples, this one has " + wantedSeed + " and " + wantedSamples
                            + ": set them back, or train into a new output.dir");
        }
    }
}
