package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;
import java.util.List;

/**
 * Records of the training, and the trackers that receive them.
 *
 * @param loggingSteps optimizer steps between two records in metrics.jsonl
 * @param reportTo trackers of the run
 * @param runName name of the run in trackers; null: the name of {@code output.dir}
 * @param registeredModelName MLflow's registered model of which the trained model becomes a version; null: none
 */
public record TrackingConfig(
        @Key(mayChange = true) int loggingSteps,
        @Key(mayChange = true) List<ReportTo> reportTo,

        @Key(mayChange = true, optional = true) String runName,

        @Key(mayChange = true, optional = true, hf = Key.NOT_IN_HF)
        String registeredModelName)
        implements Serializable {

    public TrackingConfig {
        Check.that(loggingSteps >= 1, "training.logging_steps", loggingSteps, "at least 1");
        Check.distinct("training.report_to", reportTo);
        reportTo = List.copyOf(reportTo);
        Check.that(runName == null || !runName.isBlank(), "training.run_name", "an empty text", "a name");
        Check.that(
                registeredModelName == null || registeredModelName.matches("[^/:'\"\\p{Cntrl}]*[^\\s/:'\"\\p{Cntrl}]+"),
                "training.registered_model_name",
                registeredModelName,
                "a name without / : and quotes");
    }

    /** Tracker of a run. */
    public enum ReportTo {
        /** Event files for TensorBoard, in {@code output.dir/tensorboard}. */
        @JsonProperty("tensorboard")
        TENSORBOARD,
        /** A run on the MLflow server that the environment variable {@code MLFLOW_TRACKING_URI} names. */
        @JsonProperty("mlflow")
        MLFLOW
    }
}
