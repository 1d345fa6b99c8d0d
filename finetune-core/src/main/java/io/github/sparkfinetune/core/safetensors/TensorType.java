package io.github.sparkfinetune.core.safetensors;

import java.util.Arrays;
import java.util.Optional;

/** Element type of a stored tensor, under the names that the safetensors format gives them. */
public enum TensorType {
    BOOL(1),
    U8(1),
    I8(1),
    F16(2),
    BF16(2),
    I16(2),
    F32(4),
    I32(4),
    F64(8),
    I64(8);

    private final int bytes;

    TensorType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    static Optional<TensorType> named(String name) {
        return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
    }
}
