package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.SparkSession;

/** Small model folders, synthetic mails, and datasets that are prepared from them. */
public final class PrepareFixture {
    private static final Path MODEL =
            Path.of("..", "finetune-core", "src", "test", "resources", "golden", "models", "bert-seqcls");
    /** Only tokenizer files, because nothing is trained here. */
    private static final Path LANGUAGE_MODEL =
            Path.of("..", "dataset-prep", "src", "test", "resources", "golden", "tokenizers", "bpe");

    private static final String[] WORDS =
            "license copyright software permission notice warranty distribute modify source binary form copy"
                    .split(" ");

    private PrepareFixture() {}

    public static SparkSession spark(int cores) {
        return SparkSession.builder()
                .master("local[" + cores + "]")
                .appName("prepare-test")
                .config("spark.ui.enabled", false)
                .config("spark.sql.shuffle.partitions", 2)
                .getOrCreate();
    }

    /** Returns a classification run with the given lines as its data section, prepared into a folder. */
    public static RunConfig config(Path dataset, String... data) {
        return config(MODEL, "classification", dataset, data);
    }

    /** Returns a run of a language model with a chat template that marks the assistant's turns. */
    public static RunConfig languageModel(String task, Path dataset, String... data) {
        return config(LANGUAGE_MODEL, task, dataset, data);
    }

    /** Returns a run whose questions may have no answer. */
    static RunConfig questions(Path dataset, String... data) {
        List<String> all = new ArrayList<>(List.of(data));
        all.add("max_length: 48\n  stride: 8\nquestion_answering: {version_2_with_negative: true}");
        return config(MODEL, "question-answering", dataset, all.toArray(String[]::new));
    }

    /** Returns a run of a masked language model. */
    static RunConfig maskedLm(Path dataset, String... data) {
        return config(MODEL, "masked-lm", dataset, data);
    }

    /** Returns a run of a token classifier. */
    public static RunConfig tagger(Path dataset, String... data) {
        return config(MODEL, "token-classification", dataset, data);
    }

    private static RunConfig config(Path model, String task, Path dataset, String... data) {
        String yaml = String.format(
                Locale.ROOT,
                "model: %s%ntask: %s%noutput: {dir: %s}%ndata:%n  dir: %s%n  shards: 3%n  %s%n",
                model.toAbsolutePath().normalize(),
                task,
                dataset.resolveSibling("run"),
                dataset,
                String.join(System.lineSeparator() + "  ", data));
        return RunConfigLoader.parse(
                yaml, "test.yaml", yaml.contains("max_length") ? List.of() : List.of("data.max_length=32"));
    }

    /** Returns the rows of a source in the form in which predict reads them. */
    public static JavaRDD<TaskInput> inputs(SparkSession spark, RunConfig config, Path source) {
        return PrepareJob.inputs(
                spark, config, Sources.of(spark, config.data(), "--input", null, source.toString()), 32 << 20, 1, 1000);
    }

    public static String text(int number) {
        StringBuilder text = new StringBuilder("mail " + number);
        for (int i = 0; i < 3 + number % 40; i++) {
            text.append(' ').append(WORDS[(number * 7 + i * i) % WORDS.length]);
        }
        return text.toString();
    }

    /** Returns letters that do not shrink when compressed. */
    public static String noise(int number, int length) {
        return new Random(number)
                .ints(length, 'a', 'z' + 1)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    /** Returns a document that passes all filters: enough words, stop words, and lines with an end. */
    public static String good(int number) {
        StringBuilder text = new StringBuilder();
        Random random = new Random(number);
        for (int line = 0; line < 4; line++) {
            text.append("The permission of this notice is to be with");
            for (int word = 0; word < 8; word++) {
                text.append(' ')
                        .append((char) ('a' + random.nextInt(26)))
                        .append("word")
                        .append((char) ('a' + line));
            }
            text.append(" and that is ")
                    .append((char) ('a' + random.nextInt(26)))
                    .append(number % 97)
                    .append(".\\n");
        }
        return text.toString();
    }

    public static String json(int number, String label) {
        return String.format(Locale.ROOT, "{\"text\": \"%s\", \"label\": \"%s\"}", text(number), label);
    }

    public static List<String> mails(int count) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            lines.add(json(i, i % 5 == 0 ? "spam" : "ham"));
        }
        return lines;
    }

    public static Path write(Path file, List<String> lines) throws IOException {
        Files.createDirectories(file.getParent());
        return Files.write(file, lines);
    }

    /** Returns the splits of a dataset, with the names of shards without run and attempt. */
    static Map<String, DatasetSplit> splits(Manifest manifest) {
        Map<String, DatasetSplit> splits = new LinkedHashMap<>();
        manifest.splits()
                .forEach((name, split) -> splits.put(
                        name,
                        new DatasetSplit(
                                split.rows(),
                                split.tokens(),
                                split.truncated(),
                                split.rowsPerLabel(),
                                split.shards().stream()
                                        .map(shard -> new DatasetSplit.Shard(
                                                name(shard.file()), shard.bytes(), shard.rowGroups()))
                                        .toList(),
                                split.documents(),
                                split.lengths(),
                                split.side())));
        return splits;
    }

    private static String name(String file) {
        return file.replaceFirst("-[0-9a-f]{16}-\\d+\\.parquet$", ".parquet");
    }

    /** Returns the file of another dataset with the split and number of a shard. */
    static String like(DatasetSplit.Shard shard, Manifest other) {
        return other.splits().values().stream()
                .flatMap(split -> split.shards().stream())
                .map(DatasetSplit.Shard::file)
                .filter(file -> name(file).equals(name(shard.file())))
                .findFirst()
                .orElseThrow();
    }

    public static List<Sample> samples(Path dataset, Manifest manifest, String split) throws IOException {
        List<Sample> samples = new ArrayList<>();
        try (ParquetSamples source = ParquetSamples.open(
                new org.apache.hadoop.fs.Path(dataset.toUri()), manifest, split, new Configuration())) {
            for (long i = 0; i < source.size(); i++) {
                samples.add(source.read(i));
            }
        }
        return samples;
    }

    /** Returns the token ids and labels of the samples of each split, sorted, without erased samples. */
    public static Map<String, List<String>> sorted(Path dataset, Manifest manifest) throws IOException {
        Map<String, List<String>> sorted = new TreeMap<>();
        for (String split : manifest.splits().keySet()) {
            sorted.put(
                    split,
                    samples(dataset, manifest, split).stream()
                            .filter(sample -> !sample.isErased())
                            .map(sample -> Arrays.toString(sample.inputIds()) + sample.label())
                            .sorted()
                            .toList());
        }
        return sorted;
    }
}
