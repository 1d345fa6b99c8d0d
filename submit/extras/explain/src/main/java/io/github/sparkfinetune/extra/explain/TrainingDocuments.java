package io.github.sparkfinetune.extra.explain;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.RowSamples;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.prepare.TokenizingIterator;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;

/** Finds the documents of samples in the sources of the training split, by their tokens and labels. */
final class TrainingDocuments {
    private TrainingDocuments() {}

    /**
     * A document of the sources.
     *
     * @param hash content hash in hexadecimal digits
     * @param file file that holds it
     */
    record Source(String hash, String file) implements Serializable {}

    /**
     * Identity of a sample of one row: its tokens and its label.
     *
     * @param documents {@link Sample#documentId} of each document, such as both answers of a pair
     */
    private record Key(List<Long> documents, int label) implements Serializable {
        static Key of(Sample sample) {
            List<Long> documents = new ArrayList<>();
            for (int number = 0; number < sample.documents().length; number++) {
                documents.add(sample.documentId(number));
            }
            return new Key(documents, sample.label());
        }
    }

    private record Found(List<Key> keys, Source source) implements Serializable {}

    /**
     * Returns the document of each sample, by the sample's index. A sample that packing has made of several documents,
     * or of parts of them, has none.
     *
     * @param labels names of the dataset's labels by id
     */
    static <C> Map<Long, Source> of(
            SparkSession session,
            RunConfig config,
            TaskData<C> task,
            TokenizerFiles tokenizer,
            List<Sample> samples,
            List<String> labels) {
        Set<Key> keys = samples.stream().map(Key::of).collect(Collectors.toCollection(HashSet::new));
        Map<Key, Source> found = new HashMap<>();
        List<String> names = new ArrayList<>(labels);
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        Broadcast<TokenizerFiles> files = spark.broadcast(tokenizer);
        try {
            SourceReader reader = new SourceReader(session, tokenizer, config.data());
            for (SourceFiles source : Sources.of(session, config.data())) {
                if (Manifest.TRAIN.equals(source.split())) {
                    read(task, reader.read(source, task, true), keys, names, files)
                            .forEach(one -> one.keys().forEach(key -> found.putIfAbsent(key, one.source())));
                }
            }
        } finally {
            files.destroy();
        }
        Map<Long, Source> byIndex = new HashMap<>();
        for (Sample sample : samples) {
            Source source = found.get(Key.of(sample));
            if (source != null) {
                byIndex.put(sample.index(), source);
            }
        }
        return byIndex;
    }

    /** Only serializable values, because executors get them. */
    private static <C> List<Found> read(
            TaskData<C> task,
            SourceReader.Rows<C> rows,
            Set<Key> keys,
            List<String> names,
            Broadcast<TokenizerFiles> files) {
        String key = rows.source().key();
        return rows.rdd()
                .filter(row -> row.badBecause() == null)
                .mapPartitions(partition -> TokenizingIterator.of(files.value(), partition, open -> {
                    TaskData.Encoder<C> encoder = task.encoder(open, files.value(), key, names);
                    // Many rows may have a window in common.
                    Set<Key> missing = new HashSet<>(keys);
                    return row -> {
                        List<Key> same = RowSamples.of(task, encoder, row, names).samples().stream()
                                .map(Key::of)
                                .filter(missing::remove)
                                .collect(Collectors.toCollection(ArrayList::new));
                        return same.isEmpty()
                                ? null
                                : new Found(same, new Source(row.hash().toHex(), row.file()));
                    };
                }))
                .collect();
    }
}
