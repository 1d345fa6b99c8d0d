package io.github.sparkfinetune.core.arch;

import java.util.Objects;
import java.util.Optional;

/**
 * What a layer of a decoder sees of a text: layers of one model may differ in it.
 *
 * @param window tokens a token sees, itself included, or 0 for all before it
 * @param rotary how its queries and keys are turned by their positions; empty where they are not
 */
public record LayerAttention(int window, Optional<RotaryPositions> rotary) {
    public LayerAttention {
        Objects.requireNonNull(rotary, "rotary");
        if (window < 0) {
            throw new IllegalArgumentException("a window of " + window + " tokens");
        }
    }
}
