package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.RowKey;
import java.nio.ByteBuffer;
import org.apache.spark.Partitioner;
import scala.Tuple2;

/**
 * Form of a row in the shuffle: two byte arrays, which are the cheapest to serialize and compare. The first is the
 * {@link RowKey}, the second the row as its task encodes it.
 */
public final class ShuffledSample {
    private ShuffledSample() {}

    /**
     * Returns a row.
     *
     * @param place place in the order in which rows are held out
     * @param encoded row as its task encodes it
     */
    static Tuple2<byte[], byte[]> of(ContentHash hash, long seed, int rank, long place, int source, byte[] encoded) {
        return new Tuple2<>(RowKey.of(hash, seed, rank, place, source, encoded), encoded);
    }

    /** Returns the shard of a content. */
    public static int shard(ContentHash hash, long seed, int shards) {
        return new Ranges(shards)
                .getPartition(of(hash, seed, 0, 0, 0, new byte[0])._1());
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
