package io.github.sparkfinetune.spark.init;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.LabelNames;
import io.github.sparkfinetune.data.task.RowCounts;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.SourceScan;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.rdd.PartitionPruningRDD;
import scala.runtime.AbstractFunction1;

/**
 * Contents of a source: all rows of a small source, evenly spread partitions of a large source. The survey counts rows.
 * It tokenizes a sample of the rows as the task does, chosen by their content hash, which takes seconds.
 *
 * @param rows number of rows of the source; estimated if only a part was read
 * @param isWhole whether the whole source was read
 * @param bad number of rows that cannot be used, by reason
 * @param readRows number of rows that were read
 * @param labels number of rows of each label, among the rows that were read; empty for a task without labels
 * @param longest tokens of the longest sample that is measured
 * @param lengths tokens of rows, or of the parts that a row is cut into or contains, in ascending order
 */
record Survey(
        long rows,
        boolean isWhole,
        Map<String, Long> bad,
        long readRows,
        Map<String, Long> labels,
        int longest,
        List<Integer> lengths) {
    /** Partitions that are read, of up to 32 MB each. */
    private static final int PARTS = 8;

    private static final int SHOWN_LABELS = 5;
    /** Text of a partition that is tokenized: about a second on one core. */
    private static final long TOKENIZED_BYTES = 4L << 20;

    Survey {
        lengths = List.copyOf(lengths);
        bad = Map.copyOf(bad);
    }

    /**
     * Reads a source.
     *
     * @param task task without packing
     * @param longest tokens of the longest sample that the model allows
     * @throws RunException if no row that was read can be used
     */
    static <C> Survey of(
            SourceReader reader, SourceFiles files, TaskData<C> task, TokenizerFiles tokenizer, int longest) {
        SourceReader.Rows<C> all = reader.read(files, task, true);
        int partitions = all.rdd().getNumPartitions();
        JavaRDD<CleanRow<C>> sampled = partitions <= PARTS ? all.rdd() : spread(all.rdd(), partitions);
        RowCounts counts;
        try (SourceScan scan = SourceScan.of(all.with(sampled), false)) {
            counts = scan.counts();
        }
        if (counts.rows == counts.badRows()) {
            throw RunException.data(files.key() + ": " + files.path() + ": none of " + counts.rows
                    + " rows can be used (" + DataFunnel.reasons(counts.bad)
                    + "): name the columns with --set data.text=COLUMN and similar keys");
        }
        Map<String, Long> labels = task.rowsPerLabel(counts.strata, counts.labels);
        List<String> names = LabelNames.sorted(labels.keySet());
        double share = Math.min(
                1,
                (double) TOKENIZED_BYTES * partitions / Math.max(1, files.size().textBytes()));
        String key = files.key();
        Broadcast<TokenizerFiles> tokenizerFiles =
                JavaSparkContext.fromSparkContext(sampled.context()).broadcast(tokenizer);
        List<Integer> lengths = sampled
                .mapPartitions(rows -> lengths(rows, share, task, tokenizerFiles.value(), key, names)
                        .iterator())
                .collect()
                .stream()
                .sorted()
                .toList();
        tokenizerFiles.destroy();
        boolean whole = partitions <= PARTS;
        return new Survey(
                whole ? counts.rows : counts.rows * partitions / PARTS,
                whole,
                counts.bad,
                counts.rows,
                labels,
                longest,
                lengths);
    }

    private static <C> JavaRDD<CleanRow<C>> spread(JavaRDD<CleanRow<C>> rows, int partitions) {
        return new JavaRDD<>(PartitionPruningRDD.create(rows.rdd(), new EvenlySpread(partitions)), rows.classTag());
    }

    /** Chooses {@value Survey#PARTS} partitions. */
    private static final class EvenlySpread extends AbstractFunction1<Object, Object> implements Serializable {
        private static final long serialVersionUID = 1L;
        private final int partitions;

        EvenlySpread(int partitions) {
            this.partitions = partitions;
        }

        @Override
        public Object apply(Object partition) {
            int index = (Integer) partition;
            return IntStream.range(0, PARTS).anyMatch(part -> (long) part * partitions / PARTS == index);
        }
    }

    private static <C> List<Integer> lengths(
            Iterator<CleanRow<C>> rows,
            double share,
            TaskData<C> task,
            TokenizerFiles files,
            String key,
            List<String> labels) {
        List<Integer> lengths = new ArrayList<>();
        SampleSink sink = task.sink(sample -> Arrays.stream(sample.documents()).forEach(lengths::add), labels);
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            TaskData.Encoder<C> encoder = task.encoder(tokenizer, files, key, labels);
            while (rows.hasNext()) {
                CleanRow<C> row = rows.next();
                boolean chosen = row.badBecause() == null && (row.hash().second() >>> 1) < share * Long.MAX_VALUE;
                if (chosen) {
                    sink.add(encoder.encode(row), row.stratum());
                }
            }
            sink.finish();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return lengths;
    }

    /** Returns the length that a percentage of the rows does not exceed; 0 if there are no lengths. */
    int percentile(int percent) {
        return lengths.isEmpty() ? 0 : lengths.get((int) ((lengths.size() - 1L) * percent / 100));
    }

    /** Returns the mean length. */
    double meanLength() {
        return lengths.stream().mapToInt(Integer::intValue).average().orElse(0);
    }

    /** Returns the row counts of the most frequent labels, for people. */
    String balance() {
        if (labels.isEmpty()) {
            return "";
        }
        Map<String, Long> most = labels.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(SHOWN_LABELS)
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (a, b) -> a, LinkedHashMap::new));
        String shown = most.entrySet().stream()
                .map(label -> label.getKey().replaceAll("\\s+", " ") + " " + label.getValue())
                .collect(Collectors.joining(", "));
        return labels.size() + " labels: " + shown + (most.size() < labels.size() ? ", …" : "");
    }
}
