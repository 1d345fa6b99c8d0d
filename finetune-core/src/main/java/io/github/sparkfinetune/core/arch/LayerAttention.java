package io.github.sparkfinetune.core.arch;

import io.github.sparkfinetune.core.arch.rope.RotaryPositions;
import java.util.Objects;
import java.util.Optional;

/**
 * Attention of a decoder's layer; layers of one model may differ in it.
 *
 * @param window number of tokens that a token attends to, itself included, or 0 for all tokens before it
 * @param rotary rotary positions of queries and keys; empty without rotation
 */
public record LayerAttention(int window, Optional<RotaryPositions> rotary) {
    public LayerAttention {
        Objects.requireNonNull(rotary, "rotary");
        if (window < 0) {
            throw new IllegalArgumentException("a window of " + window + " tokens");
        }
    }
}
