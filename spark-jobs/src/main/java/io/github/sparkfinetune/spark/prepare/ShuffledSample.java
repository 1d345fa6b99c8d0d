package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.Document;
import io.github.sparkfinetune.data.dataset.DropReason;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.tokenizer.Encoded;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Comparator;
import org.apache.spark.Partitioner;

/**
 * How a sample travels through the shuffle, as two byte arrays, because they cost the least to serialize and to
 * compare.
 *
 * <p>Key, big-endian, so that the order of the bytes is the order of the rows: 8 bytes that place the row (a seeded
 * hash of its content), 8 bytes that tell contents apart, 4 bytes of the label's rank by name. Value: 1 byte of the
 * source (its split, or the one that is split), 1 byte whether truncated, 4 bytes of the number of tokens, the ids, and
 * with pairs a byte of token type each. A document has, after the ids, a byte each whether it has a label, or nothing
 * where all have; one that is dropped has the negative code of the reason in place of the number.
 */
final class ShuffledSample {
    static final int KEY_BYTES = 20;
    private static final int CONTENT_BYTES = 16;
    private static final int HEADER_BYTES = 6;

    private ShuffledSample() {}

    static byte[] key(CleanRow<?> row, long seed, int labelRank) {
        return ByteBuffer.allocate(KEY_BYTES)
                .putLong(Seeds.derive(seed, Seeds.Purpose.ROW_ORDER, row.first()))
                .putLong(row.second())
                .putInt(labelRank)
                .array();
    }

    static byte[] value(int source, Encoded encoded, boolean pairs) {
        int[] ids = encoded.inputIds();
        ByteBuffer value =
                ByteBuffer.allocate(HEADER_BYTES + ids.length * (pairs ? 5 : 4)).order(ByteOrder.nativeOrder());
        value.put((byte) source).put((byte) (encoded.truncated() ? 1 : 0)).putInt(ids.length);
        value.asIntBuffer().put(ids);
        value.position(HEADER_BYTES + 4 * ids.length);
        if (pairs) {
            for (int type : encoded.tokenTypeIds()) {
                value.put((byte) type);
            }
        }
        return value.array();
    }

    /** @param allLearnt whether every token's label is its id */
    static byte[] value(int source, Document document, boolean allLearnt) {
        int[] ids = document.inputIds();
        ByteBuffer value = ByteBuffer.allocate(HEADER_BYTES + ids.length * (allLearnt ? 4 : 5))
                .order(ByteOrder.nativeOrder());
        value.put((byte) source).put((byte) (document.truncated() ? 1 : 0));
        if (document.droppedBecause() != null) {
            return value.putInt(-document.droppedBecause().code()).array();
        }
        value.putInt(ids.length);
        value.asIntBuffer().put(ids);
        value.position(HEADER_BYTES + 4 * ids.length);
        if (!allLearnt) {
            for (int label : document.labels()) {
                value.put((byte) (label == Sample.IGNORED ? 0 : 1));
            }
        }
        return value.array();
    }

    static Document document(byte[] bytes) {
        ByteBuffer value = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        int size = value.getInt(2);
        if (size < 0) {
            return Document.dropped(DropReason.of(-size));
        }
        int[] ids = new int[size];
        value.position(HEADER_BYTES);
        value.asIntBuffer().get(ids);
        int[] labels = ids;
        int mask = HEADER_BYTES + 4 * size;
        if (bytes.length > mask) {
            labels = new int[size];
            for (int i = 0; i < size; i++) {
                labels[i] = bytes[mask + i] == 1 ? ids[i] : Sample.IGNORED;
            }
        }
        return new Document(ids, labels, bytes[1] == 1, null);
    }

    static int source(byte[] value) {
        return value[0];
    }

    static Encoded encoded(byte[] bytes, boolean pairs) {
        ByteBuffer value = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        int[] ids = new int[value.getInt(2)];
        value.position(HEADER_BYTES);
        value.asIntBuffer().get(ids);
        int[] types = new int[ids.length];
        for (int i = 0; pairs && i < types.length; i++) {
            types[i] = bytes[HEADER_BYTES + 4 * ids.length + i];
        }
        return new Encoded(ids, types, bytes[1] == 1);
    }

    static long second(byte[] key) {
        return ByteBuffer.wrap(key).getLong(8);
    }

    static int labelRank(byte[] key) {
        return ByteBuffer.wrap(key).getInt(CONTENT_BYTES);
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
