package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;

/**
 * Which parameters are trained.
 *
 * @param type full or freeze
 * @param freezeLayers with freeze: the embeddings and the first N layers stay as they are, 0 freezes the embeddings
 *     alone; null trains the head only
 */
public record MethodConfig(Type type, @OptionalKey Integer freezeLayers) implements Serializable {

    /** Kind of fine-tuning. */
    public enum Type {
        /** Every parameter. */
        @JsonProperty("full")
        FULL,
        /** The head and the layers above {@code freeze_layers}. */
        @JsonProperty("freeze")
        FREEZE
    }

    public MethodConfig {
        Check.present("method.type", type);
        Check.that(
                freezeLayers == null || type == Type.FREEZE,
                "method.freeze_layers",
                freezeLayers,
                "used with method.type: freeze only");
        Check.that(freezeLayers == null || freezeLayers >= 0, "method.freeze_layers", freezeLayers, "at least 0");
    }
}
