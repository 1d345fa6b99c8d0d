package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.adapter.AdapterMerge;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.address.Member;
import io.github.sparkfinetune.core.collective.address.RankEndpoint;
import io.github.sparkfinetune.core.collective.exchange.ExchangeTimeouts;
import io.github.sparkfinetune.core.collective.exchange.TcpExchange;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.core.tensor.CopiesOnCpu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/** A whole run of a small model on a small dataset whose samples have a pattern to learn. */
public final class TinyRun {
    private static final long DEADLINE_SECONDS = 600;
    private static final byte[] SECRET = new byte[32];

    private final Path folder;
    private final Path model;
    private final String task;
    private final List<String> settings;
    private final Configuration hadoop = new Configuration();

    /**
     * Prepares a run of a classifier.
     *
     * @param kind name of a golden model for sequence classification
     * @param dropout rate of all dropouts
     */
    public TinyRun(Path folder, String kind, double dropout) throws IOException {
        this(
                folder,
                TinyModel.copy(folder.resolve("base"), kind, config -> {
                    for (String key :
                            List.of("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout")) {
                        config.put(key, dropout);
                    }
                }),
                "classification");
    }

    /**
     * @param model folder of the base model
     * @param task name of the task in the configuration
     * @param settings KEY=VALUE settings of every configuration of this run
     */
    public TinyRun(Path folder, Path model, String task, String... settings) throws IOException {
        this.folder = folder;
        this.model = model;
        this.task = task;
        this.settings = List.of(settings);
        TinyDataset.write(folder.resolve("dataset"), config("unused"), model, hadoop);
    }

    /**
     * Returns the configuration of a run of this model. Adam's epsilon is far above the rounding of gradients, which
     * would otherwise move parameters whose gradient is zero as far as all others.
     *
     * @param output name of the output folder
     * @param more KEY=VALUE settings that override small defaults
     */
    public RunConfig config(String output, String... more) throws IOException {
        Path yaml = folder.resolve("run.yaml");
        Files.writeString(yaml, """
                model: %s
                task: %s
                data: {train: unused, max_length: 48, dir: %s}
                training: {max_steps: 10, learning_rate: 1.0e-3, per_device_train_batch_size: 12, weight_decay: 0.01,
                  warmup_ratio: 0.2, adam_epsilon: 1.0e-4}
                method: {r: 8, lora_alpha: 8, target_modules: null}
                output: {dir: %s}
                """.formatted(
                        model.toUri(),
                        task,
                        folder.resolve("dataset").toUri(),
                        folder.resolve(output).toUri()));
        return RunConfigLoader.load(
                yaml,
                Stream.of(CopiesOnCpu.settings(), settings, Arrays.asList(more))
                        .flatMap(List::stream)
                        .toList());
    }

    /** Result and records of a run. */
    record Outcome(TrainingResult result, List<TrainingRecord> records) {
        List<Double> losses() {
            return records.stream()
                    .filter(record -> record.loss() != null)
                    .map(record -> record.loss())
                    .toList();
        }
    }

    /** Merges an adapter into the base of its run, and writes the model folder. */
    static void merge(RunConfig config, Path adapter, Path merged, Path cache) {
        TaskSpec spec = TaskSpecs.of(config);
        AdapterMerge.run(
                config,
                new AdapterMerge.Task(spec.modelKind().head(), spec.usage(), spec::savedFiles),
                adapter.toUri().toString(),
                merged.toUri().toString(),
                new Configuration(false),
                cache,
                SafetensorsWriter.MAX_SHARD_SIZE);
    }

    /** Runs with one thread per rank, connected by real sockets. */
    Outcome run(RunConfig config, int ranks, String resumeFrom) throws Exception {
        return run(config, ranks, resumeFrom, "attempt-" + ranks + "-" + (resumeFrom == null ? "new" : "resumed"));
    }

    Outcome run(RunConfig config, int ranks, String resumeFrom, String attempt) throws Exception {
        return run(config, ranks, resumeFrom, attempt, collective -> collective);
    }

    /** @param machine wraps the collective of each rank */
    Outcome run(RunConfig config, int ranks, String resumeFrom, String attempt, UnaryOperator<Collective> machine)
            throws Exception {
        return run(config, ranks, resumeFrom, attempt, machine, Long.MAX_VALUE, rank -> () -> StopRequest.NONE);
    }

    /** Trains until a step, from the newest checkpoint. */
    Outcome runUntil(RunConfig config, int ranks, long until) throws Exception {
        String newest = FineTuner.newestCheckpoint(config, hadoop);
        return run(
                config,
                ranks,
                newest,
                "attempt-" + ranks + "-" + until,
                collective -> collective,
                until,
                rank -> () -> StopRequest.NONE);
    }

    /** Trains from the newest checkpoint, with requests to the ranks to end. */
    Outcome runWithStops(RunConfig config, int ranks, String attempt, IntFunction<Supplier<StopRequest>> stops)
            throws Exception {
        String newest = FineTuner.newestCheckpoint(config, hadoop);
        return run(config, ranks, newest, attempt, collective -> collective, Long.MAX_VALUE, stops);
    }

    private Outcome run(
            RunConfig config,
            int ranks,
            String resumeFrom,
            String attempt,
            UnaryOperator<Collective> machine,
            long until,
            IntFunction<Supplier<StopRequest>> stops)
            throws Exception {
        List<RankEndpoint> endpoints = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            endpoints.add(RankEndpoint.bind("127.0.0.1", 0));
        }
        List<String> addresses = endpoints.stream().map(RankEndpoint::address).toList();
        List<TrainingRecord> records = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(ranks);
        try {
            List<Future<TrainingResult>> results = new ArrayList<>();
            for (int rank = 0; rank < ranks; rank++) {
                Member member = new Member(rank, addresses, attempt, SECRET, false);
                Supplier<StopRequest> stop = stops.apply(rank);
                RankEndpoint endpoint = endpoints.get(rank);
                results.add(threads.submit(() -> {
                    try (Collective collective =
                            TcpExchange.join(endpoint, member, ExchangeTimeouts.DEFAULT, () -> false)) {
                        RankContext context = new RankContext(
                                machine.apply(collective),
                                -1,
                                1,
                                hadoop,
                                folder.resolve("local"),
                                attempt,
                                records::add,
                                stop);
                        return FineTuner.run(config, context, resumeFrom, until);
                    }
                }));
            }
            // If a rank fails, all ranks end before the test looks at their output.
            ExecutionException failure = null;
            for (Future<TrainingResult> result : results) {
                try {
                    result.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
                } catch (ExecutionException e) {
                    failure = failure == null ? e : failure;
                }
            }
            if (failure != null) {
                throw failure;
            }
            return new Outcome(results.get(0).get(), records);
        } finally {
            threads.shutdownNow();
        }
    }

    /** Returns the committed checkpoints of a run, oldest first. */
    List<Checkpoint> checkpoints(RunConfig config) {
        List<Checkpoint> newestFirst = FineTuner.store(config, hadoop, "reader").committed();
        List<Checkpoint> list = new ArrayList<>(newestFirst);
        java.util.Collections.reverse(list);
        return list;
    }

    /** Copies a checkpoint from one run's folder to another's. */
    static void copy(RunConfig from, RunConfig to, Checkpoint checkpoint) throws IOException {
        Configuration hadoop = new Configuration();
        org.apache.hadoop.fs.Path source =
                new org.apache.hadoop.fs.Path(from.output().checkpoints(), checkpoint.name());
        org.apache.hadoop.fs.Path target =
                new org.apache.hadoop.fs.Path(to.output().checkpoints(), checkpoint.name());
        org.apache.hadoop.fs.FileUtil.copy(
                source.getFileSystem(hadoop), source, target.getFileSystem(hadoop), target, false, hadoop);
    }

    /** Returns the folder of the exported model or adapter. */
    static Path exported(RunConfig config) {
        return Path.of(java.net.URI.create(config.output().model()));
    }

    /** Returns the tensors of the trained model or adapter. */
    static Map<String, float[]> model(RunConfig config) {
        Path adapter = exported(config).resolve(AdapterFile.WEIGHTS);
        if (!Files.exists(adapter)) {
            return TinyModel.weights(exported(config));
        }
        Map<String, float[]> tensors = new LinkedHashMap<>();
        try (SafetensorsFile source = SafetensorsFile.open(adapter)) {
            source.names().forEach(name -> tensors.put(name, GoldenFiles.floats(source, name)));
        }
        return tensors;
    }

    /** Returns the folder of the base model. */
    Path base() {
        return model;
    }
}
