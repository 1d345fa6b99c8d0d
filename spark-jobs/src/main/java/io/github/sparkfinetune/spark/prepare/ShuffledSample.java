package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.TaskData;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.zip.CRC32C;
import org.apache.spark.Partitioner;
import scala.Tuple2;

/**
 * Form of a row in the shuffle: two byte arrays, which are the cheapest to serialize and compare.
 *
 * <p>The key has {@value #KEY_BYTES} bytes, big-endian, so that the order of the bytes is the order of the rows:
 *
 * <ul>
 *   <li>8 bytes for the position: {@code Seeds.derive(data.seed, ROW_ORDER, first)} of the {@link ContentHash}. Shard
 *       {@code s} of {@code n} has the values with {@code floor((value >>> 1) · n / 2^63) = s};
 *   <li>8 bytes that distinguish contents: the second half of the content hash;
 *   <li>4 bytes of the rank of the row's stratum by name;
 *   <li>8 bytes of its place in the order in which rows are held out ({@link SplitPlan});
 *   <li>1 byte of the index of its source, and 4 bytes of the CRC-32C of the value, so that rows of equal content have
 *       one order with any labels.
 * </ul>
 *
 * <p>The value is the row as its {@link TaskData.Encoder} encodes it.
 */
public final class ShuffledSample {
    static final int KEY_BYTES = 33;
    private static final int CONTENT_BYTES = 16;

    private ShuffledSample() {}

    /**
     * Returns a row.
     *
     * @param place place in the order in which rows are held out
     * @param encoded row as its task encodes it
     */
    static Tuple2<byte[], byte[]> of(ContentHash hash, long seed, int rank, long place, int source, byte[] encoded) {
        CRC32C crc = new CRC32C();
        crc.update(encoded);
        byte[] key = ByteBuffer.allocate(KEY_BYTES)
                .putLong(Seeds.derive(seed, Seeds.Purpose.ROW_ORDER, hash.first()))
                .putLong(hash.second())
                .putInt(rank)
                .putLong(place)
                .put((byte) source)
                .putInt((int) crc.getValue())
                .array();
        return new Tuple2<>(key, encoded);
    }

    /** Returns the shard of a content. */
    public static int shard(ContentHash hash, long seed, int shards) {
        return new Ranges(shards)
                .getPartition(of(hash, seed, 0, 0, 0, new byte[0])._1());
    }

    static int source(byte[] key) {
        return key[CONTENT_BYTES + Integer.BYTES + Long.BYTES] & 0xFF;
    }

    static long second(byte[] key) {
        return ByteBuffer.wrap(key).getLong(8);
    }

    static int rank(byte[] key) {
        return ByteBuffer.wrap(key).getInt(CONTENT_BYTES);
    }

    static long place(byte[] key) {
        return ByteBuffer.wrap(key).getLong(CONTENT_BYTES + Integer.BYTES);
    }

    static boolean sameContent(byte[] a, byte[] b) {
        return Arrays.equals(a, 0, CONTENT_BYTES, b, 0, CONTENT_BYTES);
    }

    /** Order of the rows in a shard. */
    enum Order implements Comparator<byte[]>, Serializable {
        BY_KEY;

        @Override
        public int compare(byte[] a, byte[] b) {
            return Arrays.compareUnsigned(a, b);
        }
    }

    /** Shards are equal ranges of the key's first eight bytes. */
    static final class Ranges extends Partitioner {
        private static final long serialVersionUID = 1L;
        private final int shards;

        Ranges(int shards) {
            this.shards = shards;
        }

        @Override
        public int numPartitions() {
            return shards;
        }

        @Override
        public int getPartition(Object key) {
            return (int) Seeds.bounded(ByteBuffer.wrap((byte[]) key).getLong(), shards);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Ranges that && that.shards == shards;
        }

        @Override
        public int hashCode() {
            return shards;
        }
    }
}
