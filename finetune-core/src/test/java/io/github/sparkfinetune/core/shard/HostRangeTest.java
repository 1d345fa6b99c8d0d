package io.github.sparkfinetune.core.shard;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostRangeTest {
    private static final int PART = 64 << 20;
    private static final int PARTS = 80;
    /** Number of F32 values: 5 GiB. */
    private static final long VALUES = (long) PART / Float.BYTES * PARTS;

    /** A part whose bytes are never touched; all parts have the same memory. */
    private record Untouched(ByteBuffer bytes) implements HostBuffer {
        @Override
        public NDArray tensor() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void download() {}

        @Override
        public void upload() {}
    }

    private static List<HostBuffer> parts() {
        return Collections.nCopies(PARTS, new Untouched(ByteBuffer.allocateDirect(PART)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 5, 8})
    void dividesMoreThan2GiB(int ranks) {
        List<HostBuffer> parts = parts();
        Cut cut = new Cut(new long[] {VALUES}, ranks);
        for (int rank = 0; rank < ranks; rank++) {
            long from = cut.start(rank);
            List<ByteBuffer> range = HostRange.of(parts, from, from + cut.size(rank));

            assertThat(range.stream().mapToLong(ByteBuffer::remaining).sum())
                    .as("bytes of rank %d", rank)
                    .isEqualTo(cut.size(rank) * Float.BYTES);
            assertThat(range)
                    .allSatisfy(stretch ->
                            assertThat(stretch.remaining()).isPositive().isLessThanOrEqualTo(PART));
        }
    }

    @Test
    void findsValuesBeyond2GiB() {
        List<HostBuffer> parts = IntStream.range(0, PARTS)
                .<HostBuffer>mapToObj(part -> new Untouched(
                        ByteBuffer.allocate(2).put(new byte[] {(byte) part, 1}).flip()))
                .toList();
        assertThat(HostRange.of(parts, 1, 140, 141)).containsExactly(ByteBuffer.wrap(new byte[] {70}));

        ByteBuffer shared =
                ByteBuffer.allocateDirect(PART).putInt(4 * Integer.BYTES, 7).rewind();
        List<HostBuffer> large = Collections.nCopies(PARTS, new Untouched(shared));
        long at = 70L * PART / Float.BYTES + 4;
        assertThat(HostRange.of(large, at, at + 1))
                .singleElement()
                .satisfies(value -> assertThat(value.getInt(0)).isEqualTo(7));
    }
}
