package io.github.sparkfinetune.extra.gguf;

import io.github.sparkfinetune.conf.error.RunException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Types of a file's weights, under the names of llama.cpp's converter and quantizer (source: {@code ggml.h},
 * {@code llama.h}, and {@code ggml-common.h} for the blocks).
 */
public enum GgufType {
    F32(0, 0, 1, 4),
    F16(1, 1, 1, 2),
    BF16(30, 32, 1, 2),
    Q8_0(8, 7, 32, 34),
    Q4_0(2, 2, 32, 18);

    private final int id;
    private final int fileType;
    private final int blockSize;
    private final int blockBytes;

    GgufType(int id, int fileType, int blockSize, int blockBytes) {
        this.id = id;
        this.fileType = fileType;
        this.blockSize = blockSize;
        this.blockBytes = blockBytes;
    }

    /**
     * Returns the type of a name, ignoring case.
     *
     * @param option source of the name, for messages
     * @throws RunException if no type has this name
     */
    static GgufType named(String option, String name) {
        return Arrays.stream(values())
                .filter(type -> type.name().equals(name.toUpperCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> RunException.config(option + " is '" + name + "': it must be one of "
                        + Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", "))));
    }

    /** Returns the number of a tensor's type: {@code ggml_type}. */
    int id() {
        return id;
    }

    /** Returns the value of {@code general.file_type}: {@code llama_ftype}. */
    int fileType() {
        return fileType;
    }

    /** Returns whether rows of this length can be stored. */
    boolean fits(long columns) {
        return columns % blockSize == 0;
    }

    /** Returns the bytes of a number of elements, which is a multiple of the block's. */
    long bytes(long elements) {
        return elements / blockSize * blockBytes;
    }

    /** Returns the number of elements that are stored as one block. */
    int blockSize() {
        return blockSize;
    }
}
