package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonValue;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;

/** Weight of each label in the loss, as scikit-learn's {@code class_weight}: by name, or {@code balanced}. */
public final class ClassWeight implements Serializable {
    /** Text for weights by the labels' frequencies. */
    public static final String BALANCED = "balanced";

    private static final long serialVersionUID = 1;
    private static final int SHOWN = 20;

    private final Map<String, Double> weights;

    private ClassWeight(Map<String, Double> weights) {
        this.weights = weights;
    }

    /** Returns weights that are higher for rarer labels. */
    public static ClassWeight balanced() {
        return new ClassWeight(null);
    }

    /** Returns weights by label; a label without a weight counts 1. */
    public static ClassWeight of(Map<String, Double> weights) {
        return new ClassWeight(Collections.unmodifiableMap(new LinkedHashMap<>(weights)));
    }

    /** Returns the weights by label, empty if they are balanced. */
    Map<String, Double> weights() {
        return weights == null ? Map.of() : weights;
    }

    /** Returns {@value #BALANCED}, or the weights by label. */
    @JsonValue
    public Object value() {
        return weights == null ? BALANCED : weights;
    }

    /**
     * Returns the weights of a dataset's labels by id.
     *
     * @param labels names of the labels by id
     * @param balanced weight of a label id if the weights are balanced
     * @throws RunException as {@link #requireKnown}
     */
    public double[] of(List<String> labels, IntToDoubleFunction balanced) {
        requireKnown(labels);
        double[] values = new double[labels.size()];
        for (int id = 0; id < values.length; id++) {
            values[id] = weights == null ? balanced.applyAsDouble(id) : weights.getOrDefault(labels.get(id), 1.0);
        }
        return values;
    }

    /**
     * Rejects weights of unknown labels.
     *
     * @param labels names of the dataset's labels
     * @throws RunException if a weight's label is unknown; names the label
     */
    public void requireKnown(List<String> labels) {
        List<String> unknown = new ArrayList<>(weights().keySet());
        unknown.removeAll(labels);
        if (!unknown.isEmpty()) {
            List<String> some = labels.subList(0, Math.min(labels.size(), SHOWN));
            throw RunException.config("classification.class_weight: no training row has the label " + unknown.get(0)
                    + ", there are " + String.join(", ", some) + (some.size() < labels.size() ? ", …" : ""));
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ClassWeight that && value().equals(that.value());
    }

    @Override
    public int hashCode() {
        return value().hashCode();
    }

    @Override
    public String toString() {
        return value().toString();
    }
}
