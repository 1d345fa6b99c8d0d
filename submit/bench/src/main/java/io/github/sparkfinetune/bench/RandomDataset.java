package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Window;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema.Column;
import io.github.sparkfinetune.data.dataset.parquet.SampleWriter;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** A prepared training dataset of random tokens, in samples of equal length. */
final class RandomDataset {
    private static final int FIRST_ID = 100;
    private static final String FILE = "train.parquet";
    private static final List<String> LABELS = List.of("a", "b");

    private RandomDataset() {}

    /**
     * Writes the dataset of a run in its task's schema. Labels of samples or tokens alternate between two values.
     * Answers are in the middle of the sample. Embeddings are of its two halves. For the other tasks every token is a
     * label.
     *
     * @param samples number of samples
     * @param length tokens of each sample
     */
    static void write(RunConfig config, int samples, int length) throws IOException {
        Configuration hadoop = new Configuration();
        TaskData<?> data = TaskDatas.of(config);
        Path folder = new Path(config.dataset());
        Path model = new Path(config.model());
        Path file = new Path(folder, FILE);
        Set<Column> columns = data.schema().columns();
        SplittableRandom random = new SplittableRandom(1);
        int vocabulary = HfConfig.read(model, hadoop).vocabSize();
        SampleWriter writer = new SampleWriter(file, data.schema(), hadoop);
        try (writer) {
            for (int i = 0; i < samples; i++) {
                writer.write(sample(
                        config,
                        columns,
                        i,
                        random.ints(length, FIRST_ID, vocabulary).toArray()));
            }
        }
        long bytes = file.getFileSystem(hadoop).getFileStatus(file).getLen();
        boolean documents = columns.contains(Column.DOCUMENTS);
        boolean labelled = !documents && !columns.contains(Column.ANSWER);
        long tokens = (long) samples * length;
        DatasetSplit split = new DatasetSplit(
                samples,
                tokens,
                0,
                labelled ? List.of(samples / 2L, samples - samples / 2L) : List.of(),
                List.of(new DatasetSplit.Shard(FILE, bytes, writer.rowGroups())),
                documents ? new DatasetSplit.Documents(samples, tokens - samples, Map.of()) : null);
        TokenizerFiles tokenizer = TaskDatas.tokenizer(model, config, Architectures::positions, hadoop);
        Manifest.of(
                        config.task(),
                        labelled ? LABELS : List.of(),
                        length,
                        0,
                        Map.of(Manifest.TRAIN, split),
                        data.options(tokenizer))
                .write(folder, hadoop);
    }

    private static Sample sample(RunConfig config, Set<Column> columns, int index, int... ids) {
        int length = ids.length;
        if (config.task() == Task.EMBEDDING) {
            return Sample.ofDocuments(index, ids, ids, length / 2, length - length / 2);
        }
        if (columns.contains(Column.DOCUMENTS)) {
            return Sample.ofDocuments(index, ids, ids, length);
        }
        Sample sample = new Sample(index, ids, new int[length], index % LABELS.size());
        if (columns.contains(Column.ANSWER)) {
            return sample.with(new Window(0, new int[2 * length], new int[] {length / 2, length / 2 + 1}, ""));
        }
        return columns.contains(Column.LABELS)
                ? sample.withLabels(IntStream.range(0, length)
                        .map(token -> token % LABELS.size())
                        .toArray())
                : sample;
    }
}
