package io.github.sparkfinetune.data.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.Overlong;
import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.dataset.parquet.SampleWriter;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetTest {
    private final Configuration hadoop = new Configuration();

    @TempDir
    private java.nio.file.Path folder;

    private Path dataset;
    private Manifest manifest;

    @BeforeEach
    void write() throws IOException {
        dataset = new Path(folder.toUri());
        List<DatasetSplit.Shard> shards =
                List.of(shard("train/part-00000.parquet", 0, 2300), shard("train/part-00001.parquet", 2300, 10));
        manifest = new Manifest(
                Manifest.SCHEMA_VERSION,
                Task.CLASSIFICATION,
                List.of("ham", "spam"),
                9,
                0,
                Map.of(Manifest.TRAIN, new DatasetSplit(2310, 12345, 3, List.of(1155L, 1155L), shards, null)),
                List.of(),
                List.of(),
                Map.of(),
                Map.of("empty_text", 2L),
                1,
                1,
                0,
                Map.of(),
                List.of(new Manifest.Source("data.train", "file:/mails.jsonl", 1, 99, "ab")),
                DatasetOptions.ofTexts(9, 1000, false, "cafe", 2, 42).withColumns("text", "subject", "label"),
                null,
                List.of());
        manifest.write(dataset, hadoop);
    }

    private DatasetSplit.Shard shard(String file, int first, int rows) throws IOException {
        SampleWriter writer = new SampleWriter(new Path(dataset, file), SampleSchema.ofText(true), hadoop);
        for (int i = first; i < first + rows; i++) {
            writer.write(sample(i));
        }
        writer.close();
        return new DatasetSplit.Shard(file, Files.size(folder.resolve(file)), writer.rowGroups());
    }

    private static Sample sample(int i) {
        int[] ids = new int[1 + i % 9];
        int[] types = new int[ids.length];
        for (int k = 0; k < ids.length; k++) {
            ids[k] = 31 * i + k;
            types[k] = k % 2;
        }
        return new Sample(i, ids, types, i % 2);
    }

    @Test
    void readsSamplesInAnyOrder() throws IOException {
        Manifest read = Manifest.read(dataset, hadoop);
        assertThat(read).isEqualTo(manifest);
        try (ParquetSamples samples = ParquetSamples.open(dataset, read, Manifest.TRAIN, hadoop)) {
            assertThat(samples.rowGroups()).containsExactly(1000, 1000, 300, 10);
            assertThat(samples.size()).isEqualTo(2310);
            List<Sample> all = new ArrayList<>();
            EpochOrder order = new EpochOrder(samples.rowGroups(), 42, 0);
            for (long i = 0; i < samples.size(); i++) {
                assertThat(samples.read(i)).isEqualTo(sample((int) i));
                all.add(samples.read(order.index(i)));
            }
            for (int i = 0; i < all.size(); i++) {
                assertThat(all.get(i)).isEqualTo(sample((int) order.index(i)));
            }
            samples.willRead(2309, 5, 1500, 2100, 7);
            for (int i : new int[] {5, 2309, 1500, 2100, 7, 999}) {
                assertThat(samples.read(i)).as("sample %d, loaded ahead", i).isEqualTo(sample(i));
            }
        }
    }

    @Test
    void readsOnlyTheRequestedColumns() throws IOException {
        SampleSchema schema = SampleSchema.ofText(true).with(SampleSchema.Column.ROW);
        SampleWriter writer = new SampleWriter(new Path(dataset, "train/shown.parquet"), schema, hadoop);
        for (int i = 0; i < 10; i++) {
            writer.write(sample(i).with(new Window(0, new int[0], new int[0], "{\"text\": \"" + i + "\"}")));
        }
        writer.close();
        Manifest shown = with(new DatasetSplit(
                10,
                1,
                0,
                List.of(5L, 5L),
                List.of(new DatasetSplit.Shard(
                        "train/shown.parquet", Files.size(folder.resolve("train/shown.parquet")), writer.rowGroups())),
                null));
        try (ParquetSamples all = ParquetSamples.open(dataset, shown, Manifest.TRAIN, hadoop);
                ParquetSamples some = ParquetSamples.open(
                        dataset, shown, Manifest.TRAIN, SampleSchema.allBut(Set.of(SampleSchema.Column.ROW)), hadoop)) {
            for (int i = 0; i < 10; i++) {
                assertThat(all.read(i).window().row()).isEqualTo("{\"text\": \"" + i + "\"}");
                assertThat(some.read(i)).isEqualTo(sample(i));
            }
        }
    }

    @Test
    void namesATruncatedMissingOrForeignFile() throws IOException {
        java.nio.file.Path file = folder.resolve("train/part-00001.parquet");
        byte[] bytes = Files.readAllBytes(file);
        Files.delete(folder.resolve("train/.part-00001.parquet.crc"));
        Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 20));
        assertRefused("part-00001.parquet has " + (bytes.length - 20) + " bytes, the manifest says " + bytes.length);
        Files.delete(file);
        assertRefused("part-00001.parquet is missing");

        Files.write(file, bytes);
        java.nio.file.Path first = folder.resolve("train/part-00000.parquet");
        byte[] damaged = Files.readAllBytes(first);
        java.util.Arrays.fill(damaged, 2000, 2100, (byte) 0x55);
        Files.delete(folder.resolve("train/.part-00000.parquet.crc"));
        Files.write(first, damaged);
        try (ParquetSamples samples = ParquetSamples.open(dataset, manifest, Manifest.TRAIN, hadoop)) {
            assertThat(samples.read(2305)).isEqualTo(sample(2305));
            assertThatThrownBy(() -> samples.read(5))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("part-00000.parquet is damaged");
        }
    }

    @Test
    void namesAShardWithoutALabelColumn() throws IOException {
        String file = "train/unlabelled.parquet";
        SampleSchema schema = new SampleSchema(Set.of(SampleSchema.Column.INPUT_IDS));
        SampleWriter writer = new SampleWriter(new Path(dataset, file), schema, hadoop);
        writer.write(sample(1));
        writer.close();
        DatasetSplit.Shard shard = new DatasetSplit.Shard(file, Files.size(folder.resolve(file)), writer.rowGroups());
        Manifest counted = with(new DatasetSplit(1, 2, 0, List.of(0L, 1L), List.of(shard), null));

        try (ParquetSamples samples = ParquetSamples.open(dataset, counted, Manifest.TRAIN, hadoop)) {
            for (int time = 0; time < 2; time++) {
                assertThatThrownBy(() -> samples.read(0))
                        .isInstanceOf(RunException.class)
                        .hasMessageContaining("unlabelled.parquet is damaged")
                        .hasMessageContaining("no column of labels");
            }
        }
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> ParquetSamples.open(dataset, manifest, Manifest.TRAIN, hadoop))
                .isInstanceOf(RunException.class)
                .hasMessageContaining(message);
    }

    @Test
    void refusesADatasetPreparedForAnotherRun() {
        TokenizerFiles same = GoldenFolder.tokenizer("{}", "cafe", 10, 10);
        TokenizerFiles other = GoldenFolder.tokenizer("{}", "beef", 10, 10);
        manifest.requireMatches(dataset, Task.CLASSIFICATION, options("classification", "max_length: 9", same));
        assertThatThrownBy(() -> manifest.requireMatches(
                        dataset, Task.CLASSIFICATION, options("classification", "max_length: 10", same)))
                .hasMessageContaining("data.max_length: 9, this run has 10");
        assertThatThrownBy(() -> manifest.requireMatches(
                        dataset, Task.CLASSIFICATION, options("classification", "max_length: 9", other)))
                .hasMessageContaining("another tokenizer.json");
        DatasetOptions regression =
                options("classification", "max_length: 9", same).withProblemType("regression");
        assertThatThrownBy(() -> manifest.requireMatches(dataset, Task.CLASSIFICATION, regression))
                .hasMessageContaining(
                        "classification.problem_type: single_label_classification, this run has regression");
        assertThatThrownBy(() -> manifest.requireMatches(dataset, Task.SFT, options("sft", "max_length: 9", same)))
                .hasMessageContaining("task: CLASSIFICATION, this run has SFT");
        assertThatThrownBy(() -> manifest.split(Manifest.EVAL)).hasMessageContaining("the dataset has no eval rows");
    }

    private static DatasetOptions options(String task, String settings, TokenizerFiles tokenizer) {
        return TaskDatas.of(RunConfigLoader.parse(
                        "{model: m, task: " + task + ", output: {dir: out}, data: {train: t.jsonl, " + settings + "}}",
                        "test.yaml",
                        List.of()))
                .options(tokenizer);
    }

    @Test
    void readsWindowsAndCutsNoRowIntoParts() throws IOException {
        SampleSchema schema = new SampleSchema(EnumSet.allOf(SampleSchema.Column.class));
        SampleWriter writer = new SampleWriter(new Path(dataset, "train/windows.parquet"), schema, hadoop);
        List<Sample> written = new ArrayList<>();
        for (int row = 0; row < 700; row++) {
            for (int number = 0; number <= row % 4; number++) {
                Sample plain = sample(written.size());
                int[] offsets = IntStream.range(0, number == 2 ? 0 : 2 * plain.length())
                        .map(i -> i - 1)
                        .toArray();
                int[] answer = number == 1 ? new int[] {0, 0} : new int[0];
                written.add(plain.withLabels(plain.inputIds())
                        .withTargets(row % 3 == 0 ? new double[0] : new double[] {1, 0, -2.5})
                        .with(new Window(number, offsets, answer, number == 0 ? "{\"q\": \"ß𝄞\"}" : "")));
                writer.write(written.get(written.size() - 1));
            }
        }
        writer.close();
        DatasetSplit.Shard shard = new DatasetSplit.Shard(
                "train/windows.parquet", Files.size(folder.resolve("train/windows.parquet")), writer.rowGroups());
        Manifest windows = with(new DatasetSplit(written.size(), 9, 0, List.of(), List.of(shard), null));

        try (ParquetSamples samples = ParquetSamples.open(dataset, windows, Manifest.TRAIN, hadoop)) {
            for (int i = 0; i < written.size(); i++) {
                assertThat(samples.read(i)).isEqualTo(written.get(i));
            }
            for (int parts : new int[] {1, 2, 3, 64, 5000}) {
                assertThat(samples.partStart(0, parts)).isZero();
                assertThat(samples.partStart(parts, parts)).isEqualTo(written.size());
                for (int part = 1; part < parts; part++) {
                    long start = samples.partStart(part, parts);
                    assertThat(start).isGreaterThanOrEqualTo(samples.partStart(part - 1, parts));
                    assertThat(start == written.size()
                                    || samples.read(start).window().number() == 0)
                            .isTrue();
                }
            }
        }
    }

    private Manifest with(DatasetSplit train) {
        return manifest.withSplits(Map.of(Manifest.TRAIN, train));
    }

    @Test
    void readsPackedConversations() throws IOException {
        TokenizerFiles tokenizer = GoldenFolder.tokenizer("{}", "cafe", 10, 10).withChatTemplate("{{ messages }}");
        String packing = "max_length: 50, packing: bfd";
        for (boolean assistantOnly : List.of(true, false)) {
            String file = "train/part-" + assistantOnly + ".parquet";
            SampleWriter writer =
                    new SampleWriter(new Path(dataset, file), SampleSchema.ofDocuments(!assistantOnly), hadoop);
            List<Sample> written = new ArrayList<>();
            for (int i = 0; i < 1500; i++) {
                int[] ids = IntStream.range(i, i + 5 + i % 9).toArray();
                int[] labels = ids.clone();
                Arrays.fill(labels, 0, assistantOnly ? 3 : 0, Sample.IGNORED);
                written.add(Sample.ofDocuments(i, ids, labels, 4, ids.length - 4));
                writer.write(written.get(i));
            }
            writer.close();
            DatasetOptions.DocumentOptions options = new DatasetOptions.DocumentOptions(
                    Packing.BFD, Overlong.TRUNCATE, assistantOnly, tokenizer.chatTemplateSha256());
            Manifest packed = Manifest.of(
                    Task.SFT,
                    List.of(),
                    13,
                    0,
                    Map.of(
                            Manifest.TRAIN,
                            new DatasetSplit(
                                    1500,
                                    9999,
                                    0,
                                    List.of(),
                                    List.of(new DatasetSplit.Shard(
                                            file, Files.size(folder.resolve(file)), writer.rowGroups())),
                                    new DatasetSplit.Documents(3000, 8000, Map.of("overlong", 1L)))),
                    DatasetOptions.ofTexts(50, 1000, false, "cafe", 1, 42).withDocuments(options));
            packed.write(dataset, hadoop);
            Manifest read = Manifest.read(dataset, hadoop);
            assertThat(read).isEqualTo(packed);
            try (ParquetSamples samples = ParquetSamples.open(dataset, read, Manifest.TRAIN, hadoop)) {
                for (int i = 0; i < 1500; i++) {
                    assertThat(samples.read(i)).isEqualTo(written.get(i));
                }
            }
            if (assistantOnly) {
                read.requireMatches(dataset, Task.SFT, options("sft", packing, tokenizer));
                assertThatThrownBy(() ->
                                read.requireMatches(dataset, Task.SFT, options("sft", "max_length: 50", tokenizer)))
                        .hasMessageContaining("data.packing: BFD, this run has NONE");
                assertThatThrownBy(() -> read.requireMatches(
                                dataset,
                                Task.SFT,
                                options("sft", packing, tokenizer).withStride(7)))
                        .hasMessageContaining("data.stride: null, this run has 7");
                assertThatThrownBy(() -> read.requireMatches(
                                dataset, Task.SFT, options("sft", packing, tokenizer.withChatTemplate("{{ other }}"))))
                        .hasMessageContaining("a chat template of SHA-256");
            }
        }
    }

    @Test
    void refusesAMissingOrForeignManifest() throws IOException {
        Path empty = new Path(folder.resolve("empty").toUri());
        assertThat(Manifest.exists(empty, hadoop)).isFalse();
        assertThatThrownBy(() -> Manifest.read(empty, hadoop)).hasMessageContaining("run prepare first");
        Files.writeString(folder.resolve("manifest-9.json"), "{\"schema_version\": 1, \"what\": 2}");
        assertThatThrownBy(() -> Manifest.read(dataset, hadoop)).hasMessageContaining("is not a manifest");
    }
}
