package io.github.sparkfinetune.core.local;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.train.FineTuner;
import io.github.sparkfinetune.core.train.RankContext;
import io.github.sparkfinetune.core.train.StopRequest;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Pins;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;

/**
 * A run in this process, without Spark: rows in memory become the dataset, one rank trains on it, and the model
 * predicts. The folders are those of the Spark jobs, so that one part of a run may happen here and another on a
 * cluster. One process at a time may write a run's folders.
 *
 * <pre>{@code
 * RunConfig config = RunConfigLoader.load(Path.of("run.yaml"), List.of());
 * LocalRun run = new LocalRun(config, new Configuration(), -1, 4);
 * run.prepare(Map.of("train", rows, "eval", others));
 * run.train(record -> {}, () -> false, scratch);
 * try (LocalPredictor model = run.predictor(scratch)) {
 *     model.predict(unlabelled);
 * }
 * }</pre>
 */
public final class LocalRun {
    private static final List<String> SPLITS = List.of(Manifest.TRAIN, Manifest.EVAL, Manifest.TEST);

    private final RunConfig config;
    private final Configuration hadoop;
    private final int gpu;
    private final int threads;

    /**
     * @param config configuration; {@code data.train} may be any text, because rows come from the caller
     * @param hadoop configuration of the file systems
     * @param gpu index of the GPU, or -1 for the CPU
     * @param threads number of threads of PyTorch's operators, in the whole process
     * @throws RunException if the configuration needs several ranks, or names a model of the Hugging Face Hub
     */
    public LocalRun(RunConfig config, Configuration hadoop, int gpu, int threads) {
        if (config.cluster().ranks() != 1) {
            throw RunException.config("cluster.ranks is " + config.cluster().ranks()
                    + ", but a process without Spark is one rank: set it to 1");
        }
        if (RunConfig.isOfHub(config.model())) {
            throw RunException.config("model: '" + config.model() + "' is a model of the Hugging Face Hub, and a"
                    + " process without Spark fetches none: download it into a folder, and set model to the folder");
        }
        this.config = AbsolutePaths.of(config, hadoop);
        this.hadoop = hadoop;
        this.gpu = gpu;
        this.threads = threads;
    }

    /**
     * Writes the dataset of the run to {@code data.dir}, or returns the dataset of the same rows that is there.
     *
     * @param rows rows of the splits {@code train}, {@code eval} and {@code test}, as JSON objects with the columns
     *     that the {@code data} section names. Fractions of the configuration do not apply: a row stays in its split.
     * @return manifest of the dataset
     * @throws RunException if the rows cannot be used, or the folder holds another dataset
     */
    public Manifest prepare(Map<String, List<JsonNode>> rows) throws IOException {
        if (!rows.containsKey(Manifest.TRAIN) || !SPLITS.containsAll(rows.keySet())) {
            throw RunException.config("rows are given for the splits " + rows.keySet()
                    + ": train is required, eval and test are possible");
        }
        List<LocalSource> sources = new ArrayList<>();
        for (String split : SPLITS) {
            if (rows.containsKey(split)) {
                sources.add(new LocalSource("data." + split, split, rows.get(split)));
            }
        }
        TokenizerFiles tokenizer = TaskDatas.tokenizer(
                new org.apache.hadoop.fs.Path(config.model()), config, Architectures::positions, hadoop);
        LocalDataset<?> dataset = new LocalDataset<>(config, TaskDatas.of(config), tokenizer, hadoop);
        try (LocalEntities entities = LocalEntities.open(config, hadoop, threads)) {
            return dataset.write(sources, entities.spans());
        }
    }

    /**
     * Trains on the prepared dataset, from the newest checkpoint in the output folder, and writes the model.
     *
     * @param records receives each new record, on the training thread
     * @param cancelled polled after each piece of work; true ends the training with a
     *     {@link java.util.concurrent.CancellationException}
     * @param localDir local folder for copies of models from other file systems
     * @throws RunException if the run cannot start, or the training failed
     */
    public TrainingResult train(Consumer<TrainingRecord> records, BooleanSupplier cancelled, Path localDir)
            throws IOException {
        FineTuner.check(config, hadoop);
        String newest = FineTuner.newestCheckpoint(config, hadoop);
        try (SingleRank alone = new SingleRank()) {
            RankContext rank = new RankContext(
                    alone,
                    gpu,
                    threads,
                    hadoop,
                    localDir,
                    UUID.randomUUID().toString(),
                    records,
                    () -> cancelled.getAsBoolean() ? StopRequest.NOW : StopRequest.NONE);
            RunConfig held = FineTuner.hold(newest == null ? config : resumed(), hadoop);
            TrainingResult result = FineTuner.run(held, rank, newest);
            FineTuner.release(held, hadoop);
            return result;
        }
    }

    /** Returns the run on the generation of the dataset that it still holds. */
    private RunConfig resumed() throws IOException {
        Pins pins = new Pins(new org.apache.hadoop.fs.Path(config.dataset()), hadoop);
        return pins.of(config.output().dir())
                .map(pin -> config.onGeneration(pin.generation()))
                .orElse(config);
    }

    /**
     * Loads the trained model.
     *
     * @param localDir local folder for copies of models from other file systems
     * @throws RunException if there is no trained model
     */
    public LocalPredictor predictor(Path localDir) throws IOException {
        return new LocalPredictor(config, hadoop, localDir, gpu, threads);
    }
}
