package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSchema;
import io.github.sparkfinetune.data.dataset.SampleWriter;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** A prepared dataset of random tokens to train on, all samples of one length. */
final class RandomDataset {
    private static final int FIRST_ID = 100;
    private static final String FILE = "train.parquet";
    private static final List<String> LABELS = List.of("a", "b");

    private RandomDataset() {}

    /**
     * Writes the dataset of a run: samples with a label have two in turn; of the others every token is a label.
     *
     * @param samples their number
     * @param length tokens of each
     */
    static void write(RunConfig config, int samples, int length) throws IOException {
        Configuration hadoop = new Configuration();
        TaskData<?> data = TaskDatas.of(config);
        Path folder = new Path(config.dataset());
        Path model = new Path(config.model());
        Path file = new Path(folder, FILE);
        boolean labelled = data.schema().columns().contains(SampleSchema.Column.LABEL);
        List<Sample> all =
                samples(labelled, samples, length, HfConfig.read(model, hadoop).vocabSize());
        SampleWriter writer = new SampleWriter(file, data.schema(), hadoop);
        try (writer) {
            for (Sample sample : all) {
                writer.write(sample);
            }
        }
        long bytes = file.getFileSystem(hadoop).getFileStatus(file).getLen();
        Manifest.Split split = split(labelled, all, new Manifest.Shard(FILE, bytes, writer.rowGroups()));
        TokenizerFiles tokenizer = TaskDatas.tokenizer(model, config, Architectures::positions, hadoop);
        new Manifest(
                        Manifest.SCHEMA_VERSION,
                        config.task(),
                        labelled ? LABELS : List.of(),
                        length,
                        Map.of(Manifest.TRAIN, split),
                        Map.of(),
                        0,
                        0,
                        0,
                        0,
                        List.of(),
                        data.options(tokenizer))
                .write(folder, hadoop);
    }

    private static List<Sample> samples(boolean labelled, int count, int length, int vocabulary) {
        SplittableRandom random = new SplittableRandom(1);
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] ids = random.ints(length, FIRST_ID, vocabulary).toArray();
            samples.add(
                    labelled
                            ? new Sample(i, ids, new int[length], i % LABELS.size())
                            : Sample.ofDocuments(i, ids, ids, length));
        }
        return samples;
    }

    private static Manifest.Split split(boolean labelled, List<Sample> samples, Manifest.Shard shard) {
        long tokens = samples.stream().mapToLong(Sample::length).sum();
        List<Manifest.Shard> shards = List.of(shard);
        if (labelled) {
            long ones = samples.stream().filter(sample -> sample.label() == 1).count();
            return new Manifest.Split(samples.size(), tokens, 0, List.of(samples.size() - ones, ones), shards, null);
        }
        long labels = samples.stream().mapToLong(Sample::labelTokens).sum();
        return new Manifest.Split(
                samples.size(), tokens, 0, List.of(), shards, new Manifest.Documents(samples.size(), labels, Map.of()));
    }
}
