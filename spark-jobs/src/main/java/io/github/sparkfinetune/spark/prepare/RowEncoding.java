package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.prepare.generation.FileNumbers;
import io.github.sparkfinetune.spark.prepare.generation.Occurrence;
import io.github.sparkfinetune.spark.source.SourceReader;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/**
 * Tokenizes the rows of a source for the shuffle.
 *
 * @param source the source
 * @param mixture mixture of the training sources
 * @param tokenizer files of the tokenizer
 * @param plan plan of the split
 * @param labels names of the labels
 * @param seed seed of the dataset
 * @param grown facts of a dataset that grows, or null
 * @param <C> content of a cleaned row
 */
record RowEncoding<C>(
        TaskData<C> task,
        Source source,
        Mixture mixture,
        Broadcast<TokenizerFiles> tokenizer,
        Broadcast<SplitPlan> plan,
        List<String> labels,
        long seed,
        Grown grown)
        implements Serializable {
    private static final byte[] NOTHING = {};

    /**
     * Source of the rows.
     *
     * @param number index of the source
     * @param key configuration key of the source
     * @param isTraining whether its rows are trained on, except for those that are held out
     */
    record Source(int number, String key, boolean isTraining) implements Serializable {
        static Source of(int number, SourceReader.Rows<?> rows) {
            return new Source(number, rows.source().key(), rows.source().split().equals(Manifest.TRAIN));
        }
    }

    /**
     * Facts of a dataset that grows.
     *
     * @param files numbers of the source's new files
     * @param within splits that rows of the source may be in, as bits
     */
    record Grown(FileNumbers files, int within) implements Serializable {}

    RowEncoding {
        labels = new ArrayList<>(labels);
    }

    /**
     * Returns the rows by their keys.
     *
     * @param known splits in which earlier generations have the contents of the rows, one map for each partition; empty
     *     if there is no earlier generation
     */
    JavaPairRDD<byte[], byte[]> of(JavaRDD<CleanRow<C>> rows, Optional<JavaRDD<Map<ContentHash, Integer>>> known) {
        JavaRDD<Tuple2<byte[], byte[]>> encoded = known.isEmpty()
                ? rows.mapPartitions(partition -> encoded(partition, Map.of()))
                : rows.zipPartitions(known.get(), (partition, maps) -> encoded(partition, maps.next()));
        return encoded.mapToPair(row -> row);
    }

    private Iterator<Tuple2<byte[], byte[]>> encoded(Iterator<CleanRow<C>> partition, Map<ContentHash, Integer> known) {
        SplitPlan splits = plan.value();
        return TokenizingIterator.of(tokenizer.value(), partition, open -> {
            TaskData.Encoder<C> encoder = task.encoder(open, tokenizer.value(), source.key(), labels);
            return row -> encoded(row, encoder, splits, known);
        });
    }

    private Tuple2<byte[], byte[]> encoded(
            CleanRow<C> row, TaskData.Encoder<C> encoder, SplitPlan splits, Map<ContentHash, Integer> known) {
        if (row.badBecause() != null
                || (source.isTraining()
                        && mixture.copies(source.number(), row.hash().second()) == 0)) {
            return null;
        }
        long place = row.place(seed);
        int before = known.getOrDefault(row.hash(), 0);
        if (grown != null && (before & grown.within()) != 0) {
            // Its samples exist. Only its file is noted.
            byte[] key = ShuffledSample.of(row.hash(), seed, 0, place, source.number(), NOTHING)
                    ._1();
            return new Tuple2<>(withSubject(row, key(row, before, key)), NOTHING);
        }
        // -1 if all rows of this stratum have the same content as rows of another stratum.
        int rank = splits.rank(row.stratum());
        if (rank < 0) {
            return row.subject() == null ? null : copy(row, place);
        }
        boolean heldOut = !source.isTraining() || splits.mayBeHeldOut(rank, place);
        byte[] bytes = heldOut ? encoder.encodeHeldOut(row) : encoder.encode(row);
        Tuple2<byte[], byte[]> sample = ShuffledSample.of(row.hash(), seed, rank, place, source.number(), bytes);
        byte[] key = grown == null ? sample._1() : key(row, before, sample._1());
        return new Tuple2<>(withSubject(row, key), bytes);
    }

    /** Returns a row whose content is in the dataset by another row, for its subject alone. */
    private Tuple2<byte[], byte[]> copy(CleanRow<C> row, long place) {
        byte[] key = ShuffledSample.of(row.hash(), seed, 0, place, source.number(), NOTHING)
                ._1();
        byte[] copy =
                grown == null ? Occurrence.with(key, 0, Occurrence.EVERY_SPLIT) : key(row, Occurrence.EVERY_SPLIT, key);
        return new Tuple2<>(withSubject(row, copy), NOTHING);
    }

    private byte[] withSubject(CleanRow<C> row, byte[] key) {
        return row.subject() == null ? key : Occurrence.with(key, row.subject(), row.hash());
    }

    private byte[] key(CleanRow<C> row, int before, byte[] key) {
        return Occurrence.with(key, grown.files().of(row.file()), before);
    }
}
