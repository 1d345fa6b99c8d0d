package io.github.sparkfinetune.core.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfigLoader;
import io.github.sparkfinetune.conf.Task;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.checkpoint.SafetensorsFile;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.RingEndpoint;
import io.github.sparkfinetune.core.collective.RingMember;
import io.github.sparkfinetune.core.collective.RingTimeouts;
import io.github.sparkfinetune.core.collective.TcpRing;
import io.github.sparkfinetune.data.Manifest;
import io.github.sparkfinetune.data.Sample;
import io.github.sparkfinetune.data.SampleColumns;
import io.github.sparkfinetune.data.SampleWriter;
import io.github.sparkfinetune.data.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/** A whole run on a golden model with its dropout switched on, over a small dataset whose samples can be learnt. */
final class TinyRun {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> LABELS = List.of("a", "b", "c");
    private static final int TRAIN_ROWS = 66;
    private static final int EVAL_ROWS = 24;
    private static final long DEADLINE_SECONDS = 120;
    private static final byte[] SECRET = new byte[32];

    private final Path folder;
    private final Path model;
    private final Configuration hadoop = new Configuration();

    /**
     * @param kind name of a golden model for sequence classification
     * @param dropout rate everywhere
     */
    TinyRun(Path folder, String kind, double dropout) throws IOException {
        this.folder = folder;
        this.model = Files.createDirectory(folder.resolve("base"));
        Path golden = GoldenFiles.root().resolve("models").resolve(kind);
        try (Stream<Path> files = Files.list(golden)) {
            for (Path file : files.toList()) {
                if (!file.getFileName().toString().startsWith("expected")) {
                    Files.copy(file, model.resolve(file.getFileName().toString()));
                }
            }
        }
        ObjectNode config =
                (ObjectNode) JSON.readTree(golden.resolve("config.json").toFile());
        for (String key : List.of("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout")) {
            config.put(key, dropout);
        }
        Files.write(model.resolve("config.json"), JSON.writeValueAsBytes(config));
        writeDataset();
    }

    private void writeDataset() throws IOException {
        Path dataset = Files.createDirectory(folder.resolve("dataset"));
        Map<String, Manifest.Split> splits = new LinkedHashMap<>();
        splits.put(Manifest.TRAIN, writeSplit(dataset, Manifest.TRAIN, TRAIN_ROWS));
        splits.put(Manifest.EVAL, writeSplit(dataset, Manifest.EVAL, EVAL_ROWS));
        String tokenizer = TokenizerFiles.read(hadoopPath(model), hadoop).sha256();
        new Manifest(
                        Manifest.SCHEMA_VERSION,
                        Task.CLASSIFICATION,
                        LABELS,
                        30,
                        splits,
                        new TreeMap<>(),
                        0,
                        0,
                        0,
                        0,
                        List.of(new Manifest.Source("data.train", "memory", 1, 1, "0")),
                        new Manifest.Options(
                                "text", null, "label", "jsonl", 0.1, 0, 48, 1000, false, 2, 42, tokenizer, null))
                .write(hadoopPath(dataset), hadoop);
    }

    private Manifest.Split writeSplit(Path dataset, String name, int rows) throws IOException {
        SplittableRandom random = new SplittableRandom(name.hashCode());
        List<Manifest.Shard> shards = new ArrayList<>();
        long[] labels = new long[LABELS.size()];
        long tokens = 0;
        for (int shard = 0; shard < 2; shard++) {
            String file = name + "-" + shard + ".parquet";
            SampleWriter writer =
                    new SampleWriter(hadoopPath(dataset.resolve(file)), SampleColumns.ofText(false), hadoop);
            try (writer) {
                for (int row = 0; row < rows / 2; row++) {
                    int label = row % LABELS.size();
                    int[] ids = random.ints(random.nextInt(4, 30), 10, 380).toArray();
                    // The token after the first says what the label is.
                    ids[1] = 100 + label;
                    writer.write(new Sample(0, ids, new int[ids.length], label));
                    labels[label]++;
                    tokens += ids.length;
                }
            }
            shards.add(new Manifest.Shard(file, Files.size(dataset.resolve(file)), writer.rowGroups()));
        }
        return new Manifest.Split(
                rows, tokens, 0, java.util.Arrays.stream(labels).boxed().toList(), shards, null);
    }

    private static org.apache.hadoop.fs.Path hadoopPath(Path path) {
        return new org.apache.hadoop.fs.Path(path.toUri());
    }

    /**
     * The configuration of a run of this model.
     *
     * @param output name of its output folder
     * @param settings KEY=VALUE, over small defaults
     */
    RunConfig config(String output, String... settings) throws IOException {
        Path yaml = folder.resolve("run.yaml");
        Files.writeString(yaml, """
                model: %s
                task: classification
                data: {train: unused, max_length: 48, dir: %s}
                training: {max_steps: 10, learning_rate: 1.0e-3, per_device_train_batch_size: 12, weight_decay: 0.01,
                  warmup_ratio: 0.2}
                output: {dir: %s}
                """.formatted(
                        model.toUri(),
                        folder.resolve("dataset").toUri(),
                        folder.resolve(output).toUri()));
        return RunConfigLoader.load(yaml, List.of(settings));
    }

    /** What a run left behind. */
    record Outcome(TrainingResult result, List<TrainingRecord> records) {
        List<Double> losses() {
            return records.stream()
                    .filter(record -> record.loss() != null)
                    .map(TrainingRecord::loss)
                    .toList();
        }
    }

    /** Runs with as many threads as ranks, joined by real sockets. */
    Outcome run(RunConfig config, int ranks, String resumeFrom) throws Exception {
        return run(config, ranks, resumeFrom, "attempt-" + ranks + "-" + (resumeFrom == null ? "new" : "resumed"));
    }

    Outcome run(RunConfig config, int ranks, String resumeFrom, String attempt) throws Exception {
        List<RingEndpoint> endpoints = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            endpoints.add(RingEndpoint.bind("127.0.0.1", 0));
        }
        List<String> addresses = endpoints.stream().map(RingEndpoint::address).toList();
        List<TrainingRecord> records = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(ranks);
        try {
            List<Future<TrainingResult>> results = new ArrayList<>();
            for (int rank = 0; rank < ranks; rank++) {
                RingMember member = new RingMember(rank, addresses, attempt, SECRET);
                RingEndpoint endpoint = endpoints.get(rank);
                results.add(threads.submit(() -> {
                    try (Collective collective = TcpRing.join(endpoint, member, RingTimeouts.DEFAULT, () -> false)) {
                        RankContext context =
                                new RankContext(collective, -1, 1, hadoop, attempt, records::add, () -> false);
                        return FineTuner.run(config, context, resumeFrom);
                    }
                }));
            }
            TrainingResult first = results.get(0).get(DEADLINE_SECONDS, TimeUnit.SECONDS);
            for (Future<TrainingResult> other : results) {
                other.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
            }
            return new Outcome(first, records);
        } finally {
            threads.shutdownNow();
        }
    }

    /** Committed checkpoints of a run, the oldest first. */
    List<Checkpoint> checkpoints(RunConfig config) {
        List<Checkpoint> newestFirst = FineTuner.store(config, hadoop, "reader").committed();
        List<Checkpoint> list = new ArrayList<>(newestFirst);
        java.util.Collections.reverse(list);
        return list;
    }

    /** The trained model's tensors. */
    static Map<String, float[]> model(RunConfig config) {
        Path file = Path.of(java.net.URI.create(config.output().model())).resolve("model.safetensors");
        Map<String, float[]> tensors = new LinkedHashMap<>();
        try (SafetensorsFile source = SafetensorsFile.open(file)) {
            source.names().forEach(name -> tensors.put(name, GoldenFiles.floats(source, name)));
        }
        return tensors;
    }

    /** Folder of the base model. */
    Path base() {
        return model;
    }
}
