package io.github.sparkfinetune.spark.init;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.LabelNames;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.spark.source.ScanCounts;
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
 * What is in a source: of a small one all, of a large one some parts, evenly spread. Rows are counted, and so many of
 * them tokenized as a task does it, chosen by their content, that it takes seconds.
 *
 * @param rows of the source; estimated where not all of it was looked at
 * @param isWhole whether all of it was
 * @param bad rows that can't be used of those that were looked at, by reason
 * @param looked rows that were looked at
 * @param labels rows of each label, of those that were looked at; empty for a task without labels
 * @param longest tokens of the longest sample that it measures
 * @param lengths tokens of rows, or of what a row is cut into or has side by side, in ascending order
 */
record Survey(
        long rows,
        boolean isWhole,
        Map<String, Long> bad,
        long looked,
        Map<String, Long> labels,
        int longest,
        List<Integer> lengths) {
    /** Parts of up to 32 MB that are looked at. */
    private static final int PARTS = 8;

    private static final int SHOWN_LABELS = 5;
    /** Text of a part that is tokenized: about a second of a core. */
    private static final long TOKENIZED_BYTES = 4L << 20;

    Survey {
        lengths = List.copyOf(lengths);
        bad = Map.copyOf(bad);
    }

    /**
     * Looks at a source.
     *
     * @param task whose samples are not packed
     * @param longest tokens of its longest sample, as many as the model allows
     * @throws RunException if none of the rows that were looked at can be used
     */
    static <C> Survey of(
            SourceReader reader, SourceFiles files, TaskData<C> task, TokenizerFiles tokenizer, int longest) {
        SourceReader.Rows<C> all = reader.read(files, task, true);
        int partitions = all.rdd().getNumPartitions();
        JavaRDD<CleanRow<C>> some = partitions <= PARTS ? all.rdd() : spread(all.rdd(), partitions);
        ScanCounts counts;
        try (SourceScan scan = SourceScan.of(all.with(some), false)) {
            counts = scan.counts();
        }
        if (counts.rows == counts.badRows()) {
            throw RunException.data(files.key() + ": " + files.path() + ": none of " + counts.rows
                    + " rows can be used (" + DataFunnel.reasons(counts.bad)
                    + "): name the columns by --set data.text=COLUMN and so on");
        }
        Map<String, Long> labels = task.rowsPerLabel(counts.strata, counts.labels);
        List<String> names = LabelNames.sorted(labels.keySet());
        double share = Math.min(
                1,
                (double) TOKENIZED_BYTES * partitions / Math.max(1, files.size().textBytes()));
        String key = files.key();
        Broadcast<TokenizerFiles> tokenizerFiles =
                JavaSparkContext.fromSparkContext(some.context()).broadcast(tokenizer);
        List<Integer> lengths = some
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

    /** The length that so many of 100 don't exceed; 0 where there are none. */
    int percentile(int percent) {
        return lengths.isEmpty() ? 0 : lengths.get((int) ((lengths.size() - 1L) * percent / 100));
    }

    /** Mean of the lengths. */
    double meanLength() {
        return lengths.stream().mapToInt(Integer::intValue).average().orElse(0);
    }

    /** How many rows the most frequent labels have, for people. */
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
