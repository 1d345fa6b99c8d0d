package io.github.sparkfinetune.core.train;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.conf.json.FlatRecords;
import java.util.List;
import java.util.Map;

/**
 * State of a run in a checkpoint's {@code state.json}: one JSON object with these fields, named in snake case
 * ({@code global_batch}). {@code step} is the whole cursor. The next samples, their order, dropout and the learning
 * rate follow from the step, the seed and the configuration. Other fields are refused.
 *
 * @param step number of completed optimizer steps
 * @param globalBatch number of samples of a step over all ranks, fixed at the start of the run
 * @param seed seed of the run, from which all randomness is derived
 * @param totalSamples number of samples of the training split
 * @param precision precision of the products; null in checkpoints of version 0.1
 * @param samples number of samples trained on so far, counted in every epoch
 * @param tokens number of tokens of these samples, without padding
 * @param bestStep step of the best evaluation, or -1
 * @param bestMetric value of {@code training.metric_for_best_model} in the best evaluation, or 0
 * @param bestEval all metrics of the best evaluation, by name
 * @param evaluationsSinceBest number of evaluations without improvement since
 * @param records records since the previous checkpoint, each an object with the fields of {@link TrainingRecord};
 *     missing values are null
 * @param result result of a finished run, an object with the fields of {@link TrainingResult}, or null
 */
record TrainState(
        @JsonUnwrapped Run run,
        @JsonUnwrapped Progress progress,
        @JsonUnwrapped Best best,
        List<TrainingRecord> records,
        TrainingResult result) {

    /**
     * Values that are fixed when a run starts.
     *
     * @param globalBatch samples of a step over all ranks
     * @param seed seed of the run
     * @param totalSamples samples of the training split
     * @param precision compute dtype; null in checkpoints of version 0.1
     */
    record Run(long globalBatch, long seed, long totalSamples, Precision precision) {}

    /**
     * Work up to the checkpoint.
     *
     * @param step optimizer steps done
     * @param samples samples of these steps, repeated epochs counted
     * @param tokens tokens of these samples, without padding
     */
    record Progress(long step, long samples, long tokens) {}

    /**
     * The best evaluation.
     *
     * @param bestStep step of the evaluation, or -1
     * @param bestMetric value of {@code training.metric_for_best_model}, or 0
     * @param bestEval all metrics by name
     * @param evaluationsSinceBest evaluations without improvement since then
     */
    record Best(long bestStep, double bestMetric, Map<String, Double> bestEval, int evaluationsSinceBest) {}

    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .addModule(new FlatRecords())
            .build();

    JsonNode toJson() {
        return JSON.valueToTree(this);
    }

    static TrainState of(JsonNode json, String checkpoint) {
        try {
            return JSON.treeToValue(json, TrainState.class);
        } catch (JsonProcessingException e) {
            throw RunException.data(
                    "checkpoint " + checkpoint + ": state.json is not valid (" + e.getOriginalMessage()
                            + "): delete the checkpoint, or train into a new output.dir",
                    e);
        }
    }

    /** Refuses to continue a run with another seed or number of samples. */
    void requireSame(String checkpoint, long requestedSeed, long requestedSamples) {
        if (seed != requestedSeed || totalSamples != requestedSamples) {
            throw RunException.config(
                    "checkpoint " + checkpoint + " belongs to a run with training.seed " + seed + " over "
                            + totalSamples + " samples, this run has " + requestedSeed + " and " + requestedSamples
                            + ": restore these values, or train into a new output.dir");
        }
    }
}
