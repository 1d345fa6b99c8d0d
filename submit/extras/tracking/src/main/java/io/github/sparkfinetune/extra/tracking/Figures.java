package io.github.sparkfinetune.extra.tracking;

import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.dataset.Manifest;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Measurements at a step, under the names of Hugging Face's {@code Trainer}.
 *
 * @param split {@code train}, {@code eval}, {@code test}, {@code base} or the name of a further held-out set
 * @param step number of completed optimizer steps
 * @param millis time of the measurement since 1970, in milliseconds
 * @param values values by name, such as {@code loss}
 * @param repeated whether a resumed training measures the same values again
 */
record Figures(String split, long step, long millis, Map<String, Double> values, boolean repeated) {

    /** Returns the measurements in a record of the training. */
    static Figures of(TrainingRecord record, long millis) {
        if (record.eval() != null) {
            return new Figures(Manifest.EVAL, record.step(), millis, record.eval(), true);
        }
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", record.loss());
        values.put("grad_norm", record.gradNorm());
        values.put("learning_rate", record.learningRate());
        values.put("epoch", record.epoch());
        values.put("samples_per_second", record.samplesPerSecond());
        values.put("tokens_per_second", record.tokensPerSecond());
        values.values().removeIf(value -> value == null);
        return new Figures(Manifest.TRAIN, record.step(), millis, values, true);
    }

    /** Returns the measurements of the whole training. */
    static Figures of(TrainingResult result, long millis) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("train_runtime", result.seconds());
        values.put("train_samples_per_second", result.samplesPerSecond());
        values.put("train_tokens_per_second", result.tokensPerSecond());
        values.put("train_peak_rss_mb", result.peakRssBytes() / 1e6);
        return new Figures(Manifest.TRAIN, result.steps(), millis, values, false);
    }

    /** Returns whether the training measured the values, once per step. */
    boolean areOfTraining() {
        return split.equals(Manifest.TRAIN) || split.equals(Manifest.EVAL);
    }
}
