package io.github.sparkfinetune.core.arch;

import java.util.Objects;

/**
 * A weight of a model.
 *
 * @param name its full name in Hugging Face's {@code named_parameters()}
 * @param kind what it is for
 * @param shape extents, outermost first
 */
public record WeightSpec(String name, Kind kind, long... shape) {
    private static final String WEIGHT = ".weight";

    /** What a weight is for. */
    public enum Kind {
        /** Rows that ids look up, [rows, width]. */
        EMBEDDING,
        /** A linear's matrix, [out, in]. */
        LINEAR,
        /** A linear's matrix as {@code transformers.pytorch_utils.Conv1D} stores it, [in, out]. */
        CONV1D,
        /** Scales of a layer norm or an RMS norm, [width]. */
        NORM,
        /** Added to what a linear or a norm gives, [width], or to attention's scores, [rows, heads]. */
        BIAS;

        /**
         * Whether weight decay applies to it: not to norms and biases (source:
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

    /** The module whose weight it is, or nothing for a bias. */
    public String module() {
        return name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : "";
    }

    /** Whether it is a linear's matrix. */
    public boolean isLinear() {
        return kind == Kind.LINEAR || kind == Kind.CONV1D;
    }

    /** The same under another name. */
    public WeightSpec named(String other) {
        return new WeightSpec(other, kind, shape);
    }
}
