package io.github.sparkfinetune.core.arch;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Bytes that one layer takes for a micro-batch, counted in the tensors that its text names.
 *
 * @param kept from forward to backward, its output included
 * @param backward besides, the most at once
 * @param forward besides, the most at once
 * @param masks of dropout, a byte an element
 * @param small bytes of {@code kept} and {@code backward} in tensors that are scattered over the allocator's heap
 */
public record LayerBytes(long kept, long backward, long forward, long masks, long small) {
    /** Freed tensors of so many bytes and more leave no pieces that others do not fit in, by measurement. */
    private static final long SCATTERED_BELOW = 1 << 24;

    /**
     * Tensors that are there at once.
     *
     * @param counts how many there are of each width, in values a token
     */
    public record Tensors(Map<Long, Long> counts) {
        /**
         * Lists them.
         *
         * @param countAndWidth count, width, count, width, …
         */
        public static Tensors of(long... countAndWidth) {
            Map<Long, Long> counts = new LinkedHashMap<>();
            for (int i = 0; i < countAndWidth.length; i += 2) {
                counts.merge(countAndWidth[i + 1], countAndWidth[i], Long::sum);
            }
            return new Tensors(Collections.unmodifiableMap(counts));
        }

        /** Some more, with {@code count} of a width. */
        public Tensors and(long count, long width) {
            Map<Long, Long> more = new LinkedHashMap<>(counts);
            more.merge(width, count, Long::sum);
            return new Tensors(Collections.unmodifiableMap(more));
        }

        long bytes(BatchShape batch) {
            return bytes(batch, Long.MAX_VALUE);
        }

        /** Bytes in tensors of less than {@code limit} bytes. */
        long bytes(BatchShape batch, long limit) {
            long sum = 0;
            for (Map.Entry<Long, Long> tensors : counts.entrySet()) {
                long one = batch.tokens() * tensors.getKey() * Float.BYTES;
                sum += one < limit ? one * tensors.getValue() : 0;
            }
            return sum;
        }
    }

    /**
     * Adds up tensors of F32.
     *
     * @param kept from forward to backward, the layer's output included
     * @param backward what is there besides at each of the moments of the backward that may be its highest
     * @param forward what is there besides at the highest moment of the forward
     * @param masks of dropout, bytes a token
     */
    public static LayerBytes of(BatchShape batch, Tensors kept, List<Tensors> backward, Tensors forward, long masks) {
        return new LayerBytes(
                kept.bytes(batch),
                backward.stream().mapToLong(at -> at.bytes(batch)).max().orElseThrow(),
                forward.bytes(batch),
                masks * batch.tokens(),
                kept.bytes(batch, SCATTERED_BELOW)
                        + backward.stream()
                                .mapToLong(at -> at.bytes(batch, SCATTERED_BELOW))
                                .max()
                                .orElseThrow());
    }
}
