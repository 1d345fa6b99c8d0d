package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonValue;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;

/** How much each label counts in the loss, as scikit-learn's {@code class_weight}: by name, or {@code balanced}. */
public final class ClassWeight implements Serializable {
    /** The text that stands for weights by the labels' frequencies. */
    public static final String BALANCED = "balanced";

    private static final long serialVersionUID = 1;
    private static final int SHOWN = 20;

    private final Map<String, Double> weights;

    private ClassWeight(Map<String, Double> weights) {
        this.weights = weights;
    }

    /** The rarer a label, the more it counts. */
    public static ClassWeight balanced() {
        return new ClassWeight(null);
    }

    /** Weights by label; a label that is not there counts 1. */
    public static ClassWeight of(Map<String, Double> weights) {
        return new ClassWeight(Collections.unmodifiableMap(new LinkedHashMap<>(weights)));
    }

    /** The weights by label, empty where they are balanced. */
    Map<String, Double> weights() {
        return weights == null ? Map.of() : weights;
    }

    /** {@value #BALANCED}, or the weights by label. */
    @JsonValue
    public Object value() {
        return weights == null ? BALANCED : weights;
    }

    /**
     * Weights of a dataset's labels.
     *
     * @param labels their names by id
     * @param balanced weight of a label by its id, where the weights are balanced
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
     * Refuses a weight of a label that is not there.
     *
     * @param labels names of the dataset's labels
     * @throws RunException that names it
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
