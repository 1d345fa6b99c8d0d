package io.github.sparkfinetune.core.safetensors;

import java.nio.file.Path;

/**
 * Where a tensor's bytes lie on this machine.
 *
 * @param file that holds them, little-endian, row-major
 * @param begin offset of the first
 */
public record FilePlace(Path file, long begin) {
    public FilePlace {
        if (begin < 0) {
            throw new IllegalArgumentException("begins at " + begin);
        }
    }
}
