package io.github.sparkfinetune.core.memory;

/**
 * Bytes of the base model's weights by location.
 *
 * @param mapped frozen weights that are read from the mapped files
 * @param frozen frozen weights in memory, F32 or NF4
 * @param direct the part of {@code frozen} that Java counts as direct memory
 * @param trained trained weights
 * @param copies copies of the layers' trained linears in BF16, which products read
 */
public record WeightBytes(long mapped, long frozen, long direct, long trained, long copies) {

    /** Returns the bytes of all weights. */
    public long sum() {
        return mapped + frozen + trained + copies;
    }
}
