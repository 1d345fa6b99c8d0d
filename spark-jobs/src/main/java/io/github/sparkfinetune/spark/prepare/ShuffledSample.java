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
 * How a row travels through the shuffle, as two byte arrays, because they cost the least to serialize and to compare.
 *
 * <p>Key, {@value #KEY_BYTES} bytes, big-endian, so that the order of the bytes is the order of the rows:
 *
 * <ul>
 *   <li>8 bytes that place the row: {@code Seeds.derive(data.seed, ROW_ORDER, first)} of its {@link ContentHash}. Shard
 *       {@code s} of {@code n} has the range of those with {@code floor((value >>> 1) · n / 2^63) = s};
 *   <li>8 bytes that tell contents apart: the content hash's second half;
 *   <li>4 bytes of the rank of the row's stratum by name;
 *   <li>8 bytes of its place in the order in which rows are held out ({@link SplitPlan});
 *   <li>1 byte of its source's place among the sources, and 4 bytes of the CRC-32C of the value, so that rows of equal
 *       content have one order, whatever their labels.
 * </ul>
 *
 * <p>Value: the row as its {@link TaskData.Encoder} encodes it.
 */
public final class ShuffledSample {
    static final int KEY_BYTES = 33;
    private static final int CONTENT_BYTES = 16;

    private ShuffledSample() {}

    /**
     * A row.
     *
     * @param place in the order in which rows are held out
     * @param encoded the row as its task encodes it
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

    /** The shard that rows of a content are in. */
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

    /** Order of the rows within a shard. */
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
