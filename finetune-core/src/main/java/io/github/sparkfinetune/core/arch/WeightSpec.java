package io.github.sparkfinetune.core.arch;

import java.util.Objects;

/**
 * A weight of a model.
 *
 * @param name full name in Hugging Face's {@code named_parameters()}
 * @param kind the weight's kind
 * @param shape dimensions, outermost first
 */
public record WeightSpec(String name, Kind kind, long... shape) {
    private static final String WEIGHT = ".weight";

    /** Kind of a weight. */
    public enum Kind {
        /** Rows that ids look up, [rows, width]. */
        EMBEDDING,
        /** A linear's matrix, [out, in]. */
        LINEAR,
        /** A linear's matrix as {@code transformers.pytorch_utils.Conv1D} stores it, [in, out]. */
        CONV1D,
        /** Scales of a layer norm or an RMS norm, [width]. */
        NORM,
        /** Added to the output of a linear or a norm, [width], or to attention's scores, [rows, heads]. */
        BIAS;

        /**
         * Returns whether weight decay applies to weights of this kind. It does not apply to norms and biases (source:
         * {@code Trainer.get_decay_parameter_names} of {@code transformers}).
         */
        public boolean isDecayed() {
            return this != NORM && this != BIAS;
        }
    }

    public WeightSpec {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(kind, "kind");
    }

    /** Returns the module that the weight belongs to; empty for a bias. */
    public String module() {
        return name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : "";
    }

    /** Returns whether the weight is a linear's matrix. */
    public boolean isLinear() {
        return kind == Kind.LINEAR || kind == Kind.CONV1D;
    }

    /** Returns the same weight under another name. */
    public WeightSpec named(String other) {
        return new WeightSpec(other, kind, shape);
    }
}
