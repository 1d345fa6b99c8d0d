package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.dataset.Seeds;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Key of a row that decides its shard and its place there. Keys have {@value #BYTES} bytes, big-endian, so that the
 * order of the bytes is the order of the rows:
 *
 * <ul>
 *   <li>8 bytes for the position: {@code Seeds.derive(data.seed, ROW_ORDER, first)} of the {@link ContentHash}. Shard
 *       {@code s} of {@code n} has the values with {@code floor((value >>> 1) · n / 2^63) = s};
 *   <li>8 bytes that distinguish contents: the second half of the content hash;
 *   <li>4 bytes of the rank of the row's stratum by name;
 *   <li>8 bytes of its place in the order in which rows are held out;
 *   <li>1 byte of the index of its source, and 4 bytes of the CRC-32C of the encoded row, so that rows of equal content
 *       have one order with any labels.
 * </ul>
 */
public final class RowKey {
    public static final int BYTES = 33;
    private static final int CONTENT_BYTES = 16;

    private RowKey() {}

    /**
     * Returns the key of a row.
     *
     * @param place place in the order in which rows are held out
     * @param encoded row as its task encodes it
     */
    public static byte[] of(ContentHash hash, long seed, int rank, long place, int source, byte[] encoded) {
        CRC32C crc = new CRC32C();
        crc.update(encoded);
        return ByteBuffer.allocate(BYTES)
                .putLong(Seeds.derive(seed, Seeds.Purpose.ROW_ORDER, hash.first()))
                .putLong(hash.second())
                .putInt(rank)
                .putLong(place)
                .put((byte) source)
                .putInt((int) crc.getValue())
                .array();
    }

    /** Returns the place of a row that neither a group nor a time holds out. */
    public static long splitHash(long seed, long second) {
        return Seeds.derive(seed, Seeds.Purpose.SPLIT, second);
    }

    public static int source(byte[] key) {
        return key[CONTENT_BYTES + Integer.BYTES + Long.BYTES] & 0xFF;
    }

    /** Returns the second half of the content hash. */
    public static long second(byte[] key) {
        return ByteBuffer.wrap(key).getLong(Long.BYTES);
    }

    public static int rank(byte[] key) {
        return ByteBuffer.wrap(key).getInt(CONTENT_BYTES);
    }

    public static long place(byte[] key) {
        return ByteBuffer.wrap(key).getLong(CONTENT_BYTES + Integer.BYTES);
    }

    public static boolean sameContent(byte[] a, byte[] b) {
        return Arrays.equals(a, 0, CONTENT_BYTES, b, 0, CONTENT_BYTES);
    }
}
