package io.github.sparkfinetune.core.safetensors;

import java.nio.file.Path;

/**
 * Position of a tensor's bytes in a local file.
 *
 * @param file file with the bytes, little-endian, row-major
 * @param begin offset of the first byte
 */
public record FilePlace(Path file, long begin) {
    public FilePlace {
        if (begin < 0) {
            throw new IllegalArgumentException("begins at " + begin);
        }
    }
}
