package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;

/**
 * Prediction for a text, and the weight of each label.
 *
 * @param problemType kind of prediction for a text
 * @param classWeight weight of a text in the training loss by its label, 1 for labels that are not named;
 *     {@code balanced}: rows / (labels x rows of the label); multi_label_classification: weight of having the label
 *     over not having it (pos_weight), {@code balanced}: rows without it / rows with it; not for regression
 */
public record ClassificationConfig(
        ProblemType problemType,
        @Key(optional = true, hf = Key.NOT_IN_HF) ClassWeight classWeight) implements Serializable {

    /** Kind of prediction; the names are those of {@code problem_type} in a model's {@code config.json}. */
    public enum ProblemType {
        /** One of the labels (cross-entropy). */
        @JsonProperty("single_label_classification")
        SINGLE_LABEL_CLASSIFICATION,
        /** Any number of the labels (binary cross-entropy). */
        @JsonProperty("multi_label_classification")
        MULTI_LABEL_CLASSIFICATION,
        /** A number (mean squared error). */
        @JsonProperty("regression")
        REGRESSION
    }

    public ClassificationConfig {
        Check.present("classification.problem_type", problemType);
        if (classWeight != null) {
            Check.that(
                    problemType != ProblemType.REGRESSION,
                    "classification.class_weight",
                    classWeight,
                    "null where classification.problem_type is regression, which has no labels");
            classWeight
                    .weights()
                    .forEach((label, weight) -> Check.that(
                            weight > 0 && weight < Float.MAX_VALUE,
                            "classification.class_weight",
                            label + ": " + weight,
                            "a number above 0"));
        }
    }
}
