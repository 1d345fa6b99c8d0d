package io.github.sparkfinetune.core.predict;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.MethodConfig.LoraBias;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.PredictionSettings;
import io.github.sparkfinetune.core.task.TaskPredictor;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.core.tensor.Allocator;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.data.dataset.SampleDraws;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.ModelFolder;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/**
 * A run's model for prediction: the trained model, or the base model. Owns its memory; its results are valid until it
 * is closed. Not for concurrent use. A thread that did not load the model calls {@link #attach} first.
 */
public final class Predictor implements AutoCloseable {
    private static final String REMEDY = "train first, or name the folder of a run";

    private final NDManager manager;
    private final LoadedModel loaded;
    private final TaskPredictor trained;
    private final Optional<BaseRows> base;
    private final SampleDraws draws;
    private boolean asBase;

    /** Predictor of the base model, if the base model is the trained model without its adapters. */
    private record BaseRows(TaskPredictor rows, SampleDraws draws) {}

    private interface Loader {
        LoadedModel load(NDManager manager);
    }

    /**
     * @param folder local folder of the model
     * @param baseTokenizer tokenizer of an adapter's base model, else empty
     */
    private Predictor(
            RunConfig config,
            int gpu,
            int threads,
            Path folder,
            TokenizerFiles tokenizer,
            Optional<TokenizerFiles> baseTokenizer,
            Loader loader) {
        Allocator.release();
        Torch.start(threads);
        manager = Device.of(gpu).manager();
        try {
            draws = TaskDatas.of(config).draws(tokenizer);
            loaded = loader.load(manager);
            trained = rows(config, tokenizer, folder);
            base = baseTokenizer
                    .filter(other -> isOnlyAdapted(other, tokenizer))
                    .map(other -> new BaseRows(
                            rows(config, other, folder), TaskDatas.of(config).draws(other)));
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    private TaskPredictor rows(RunConfig config, TokenizerFiles tokenizer, Path folder) {
        return loaded.task().predictor(new PredictionSettings(config, loaded.config(), tokenizer, folder));
    }

    /** Returns whether the trained model differs from the base model only by adapters. */
    private boolean isOnlyAdapted(TokenizerFiles base, TokenizerFiles own) {
        return base.vocabularySize() == own.vocabularySize()
                && loaded.lora()
                        .filter(lora -> lora.alsoTrained().bias() == LoraBias.NONE
                                && lora.alsoTrained().modulesToSave().isEmpty())
                        .isPresent();
    }

    /**
     * Checks that {@link #trained} has a model to load, before any long work.
     *
     * @param config configuration with absolute paths
     * @throws RunException if there is none; the message says what to do
     */
    public static void check(RunConfig config, Configuration hadoop) throws IOException {
        org.apache.hadoop.fs.Path folder =
                new org.apache.hadoop.fs.Path(config.output().model());
        FileSystem files = folder.getFileSystem(hadoop);
        if (!files.exists(new org.apache.hadoop.fs.Path(folder, HfConfig.FILE))) {
            throw RunException.data("output.dir: there is no model in " + folder + ": " + REMEDY);
        }
        requireMethod(config, isAdapter(config, hadoop));
        // Refuses a model that was trained for another task.
        TaskSpecs.of(config).labels(HfConfig.read(folder, hadoop));
    }

    /** Returns whether a run's trained model is an adapter, which needs its base model. */
    public static boolean isAdapter(RunConfig config, Configuration hadoop) throws IOException {
        org.apache.hadoop.fs.Path file =
                new org.apache.hadoop.fs.Path(config.output().model(), AdapterFile.CONFIG);
        return file.getFileSystem(hadoop).exists(file);
    }

    private static void requireMethod(RunConfig config, boolean adapter) {
        if (adapter && !config.method().isLora()) {
            throw RunException.config("method.type: " + config.output().model()
                    + " holds an adapter: set method.type to lora or qlora, as in training");
        }
    }

    /**
     * Loads a run's trained model, or its adapter and the base model in the storage of training.
     *
     * @param config configuration with absolute paths
     * @param localDir local folder for copies of folders on other machines; the caller deletes the copies
     * @param gpu index of the GPU, or -1 for the CPU
     * @param threads number of threads of PyTorch's operators, in the whole process
     * @throws RunException if there is no such model, or if adapter and base do not fit
     */
    public static Predictor trained(RunConfig config, Configuration hadoop, Path localDir, int gpu, int threads)
            throws IOException {
        Path trained = ModelFolder.fetch("output.dir", REMEDY, config.output().model(), hadoop, localDir);
        boolean adapter = AdapterFile.isAdapter(trained);
        requireMethod(config, adapter);
        Optional<Path> base =
                adapter ? Optional.of(ModelFolder.fetch(config.model(), hadoop, localDir)) : Optional.empty();
        Optional<TokenizerFiles> baseTokenizer = Optional.empty();
        if (adapter && TaskSpecs.of(config).measuresBase()) {
            baseTokenizer = Optional.of(tokenizer(base.orElseThrow(), config, hadoop));
        }
        return new Predictor(
                config,
                gpu,
                threads,
                trained,
                tokenizer(trained, config, hadoop),
                baseTokenizer,
                manager -> LoadedModel.trained(config, manager, trained, base, threads));
    }

    /**
     * Loads the base model of a run whose task also measures the base model. It has no adapters and is in the storage
     * of training (4 bits for {@code qlora}). The parameters are those of {@link #trained}.
     */
    public static Predictor base(RunConfig config, Configuration hadoop, Path localDir, int gpu, int threads)
            throws IOException {
        Path base = ModelFolder.fetch(config.model(), hadoop, localDir);
        TokenizerFiles tokenizer = tokenizer(base, config, hadoop);
        Optional<HfConfig> trained =
                HfConfig.find(new org.apache.hadoop.fs.Path(config.output().model()), hadoop);
        return new Predictor(
                config,
                gpu,
                threads,
                base,
                tokenizer,
                Optional.empty(),
                manager -> LoadedModel.base(config, manager, trained, base, tokenizer.vocabularySize(), threads));
    }

    private static TokenizerFiles tokenizer(Path folder, RunConfig config, Configuration hadoop) throws IOException {
        return TaskDatas.tokenizer(
                new org.apache.hadoop.fs.Path(folder.toUri()), config, Architectures::positions, hadoop);
    }

    /**
     * Makes the calling thread the computing thread, instead of the thread that loaded the model.
     *
     * @param threads number of threads of PyTorch's operators, in the whole process
     */
    public void attach(int threads) {
        Torch.start(threads);
    }

    /** Returns whether the model of {@link #trained} can also compute as the base model, see {@link #asBase}. */
    public boolean holdsBase() {
        return base.isPresent();
    }

    /**
     * Sets whether later predictions are those of the base model, see {@link #base}, or those of the trained model.
     *
     * @throws IllegalStateException unless {@link #holdsBase}
     */
    public void asBase(boolean requested) {
        if (requested != asBase) {
            if (base.isEmpty()) {
                throw new IllegalStateException("the base model is not the trained model without its adapters");
            }
            loaded.model().applyAdapters(!requested);
            asBase = requested;
        }
    }

    private TaskPredictor rows() {
        return asBase ? base.orElseThrow().rows() : trained;
    }

    /** Predicts held-out samples, see {@link TaskPredictor#evaluate}. */
    public Iterator<? extends Record> evaluate(SampleSource split, List<String> labels, int part, int parts) {
        SampleDraws drawn = asBase ? base.orElseThrow().draws() : draws;
        return rows().evaluate(drawn.evaluated(split), labels, part, parts);
    }

    /** Predicts inputs, see {@link TaskPredictor#predict}. */
    public Iterator<? extends PredictedRow> predict(Iterator<TaskInput> inputs) {
        return rows().predict(inputs);
    }

    @Override
    public void close() {
        trained.close();
        base.ifPresent(other -> other.rows().close());
        manager.close();
    }
}
