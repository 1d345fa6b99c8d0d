package io.github.sparkfinetune.core.arch;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Bytes that one layer needs for a micro-batch, counted by the tensors of its script.
 *
 * @param kept bytes that are kept from forward to backward, output included
 * @param backward peak of further bytes in the backward
 * @param forward peak of further bytes in the forward
 * @param masks bytes of the dropout masks, one for each element
 * @param small bytes of {@code kept} and {@code backward} in tensors that fragment the allocator's heap
 */
public record LayerBytes(long kept, long backward, long forward, long masks, long small) {
    /** Freed tensors below this size leave pieces that other tensors do not fit in, by measurement. */
    private static final long SCATTERED_BELOW = 1 << 24;

    /**
     * Tensors that exist at the same time.
     *
     * @param counts number of tensors of each width, in values per token
     */
    public record Tensors(Map<Long, Long> counts) {
        /**
         * Returns a list of tensors.
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

        /** Returns these tensors and {@code count} further tensors of a width. */
        public Tensors and(long count, long width) {
            Map<Long, Long> more = new LinkedHashMap<>(counts);
            more.merge(width, count, Long::sum);
            return new Tensors(Collections.unmodifiableMap(more));
        }

        long bytes(BatchShape batch) {
            return bytes(batch, Long.MAX_VALUE);
        }

        /** Returns the bytes of tensors smaller than {@code limit} bytes. */
        long bytes(BatchShape batch, long limit) {
            long sum = 0;
            for (Map.Entry<Long, Long> tensors : counts.entrySet()) {
                long tensorBytes = batch.tokens() * tensors.getKey() * Float.BYTES;
                sum += tensorBytes < limit ? tensorBytes * tensors.getValue() : 0;
            }
            return sum;
        }
    }

    /**
     * Adds up F32 tensors.
     *
     * @param kept tensors that are kept from forward to backward, the layer's output included
     * @param backward further tensors at each moment of the backward that may be its peak
     * @param forward further tensors at the forward's peak
     * @param masks bytes of dropout masks per token
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
