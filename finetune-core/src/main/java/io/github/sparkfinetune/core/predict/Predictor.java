package io.github.sparkfinetune.core.predict;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.MethodConfig.LoraBias;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.arch.registry.Architectures;
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
 * A run's model, loaded to predict: what the run trained, or the base model that it began with. Owns its memory; what
 * it hands out is valid until it is closed. Not for concurrent use; another thread than the one that loaded it begins
 * by {@link #attach}.
 */
public final class Predictor implements AutoCloseable {
    private static final String REMEDY = "train first, or name the folder of a run";

    private final NDManager manager;
    private final LoadedModel loaded;
    private final TaskPredictor trained;
    private final Optional<BaseRows> base;
    private final SampleDraws draws;
    private boolean asBase;

    /** What the base model's rows are made by, where leaving out the adapters makes it of the trained one. */
    private record BaseRows(TaskPredictor rows, SampleDraws draws) {}

    private interface Loader {
        LoadedModel load(NDManager manager);
    }

    /** @param baseTokenizer of the base model of an adapter, else empty */
    private Predictor(
            RunConfig config,
            int gpu,
            int threads,
            TokenizerFiles tokenizer,
            Optional<TokenizerFiles> baseTokenizer,
            Loader loader) {
        Allocator.release();
        Torch.start(threads);
        manager = Device.of(gpu).manager();
        try {
            draws = TaskDatas.of(config).draws(tokenizer);
            loaded = loader.load(manager);
            trained = rows(config, tokenizer);
            base = baseTokenizer
                    .filter(other -> isOnlyAdapted(other, tokenizer))
                    .map(other -> new BaseRows(
                            rows(config, other), TaskDatas.of(config).draws(other)));
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    private TaskPredictor rows(RunConfig config, TokenizerFiles tokenizer) {
        return loaded.task().predictor(new PredictionSettings(config, loaded.config(), tokenizer));
    }

    /** Whether the base model differs by adapters alone, and by no parameter that is trained whole. */
    private boolean isOnlyAdapted(TokenizerFiles base, TokenizerFiles own) {
        return base.vocabularySize() == own.vocabularySize()
                && loaded.lora()
                        .filter(lora -> lora.alsoTrained().bias() == LoraBias.NONE
                                && lora.alsoTrained().modulesToSave().isEmpty())
                        .isPresent();
    }

    /**
     * Finds whether {@link #trained} has something to load, before any long work.
     *
     * @param config with absolute paths
     * @throws RunException that says what to do
     */
    public static void check(RunConfig config, Configuration hadoop) throws IOException {
        org.apache.hadoop.fs.Path folder =
                new org.apache.hadoop.fs.Path(config.output().model());
        FileSystem files = folder.getFileSystem(hadoop);
        if (!files.exists(new org.apache.hadoop.fs.Path(folder, HfConfig.FILE))) {
            throw RunException.data("output.dir: there is no model in " + folder + ": " + REMEDY);
        }
        requireMethod(config, files.exists(new org.apache.hadoop.fs.Path(folder, AdapterFile.CONFIG)));
        // Refuses a model that was trained for something else.
        TaskSpecs.of(config).labels(HfConfig.read(folder, hadoop));
    }

    private static void requireMethod(RunConfig config, boolean adapter) {
        if (adapter && !config.method().isLora()) {
            throw RunException.config("method.type: " + config.output().model()
                    + " holds an adapter: set it to lora or qlora, as it was trained");
        }
    }

    /**
     * Loads what a run has trained: its model, or its adapter over the base in the form that it was trained over.
     *
     * @param config with absolute paths
     * @param localDir gets copies of folders on other machines, which the caller deletes
     * @param gpu index of the GPU, or -1 for the CPU
     * @param threads of PyTorch's operators, in the whole process
     * @throws RunException when there is no such model, or adapter and base do not fit
     */
    public static Predictor trained(RunConfig config, Configuration hadoop, Path localDir, int gpu, int threads)
            throws IOException {
        Path trained = ModelFolder.fetch("output.dir", REMEDY, config.output().model(), hadoop, localDir);
        boolean adapter = AdapterFile.isAdapter(trained);
        requireMethod(config, adapter);
        Optional<Path> base =
                adapter ? Optional.of(ModelFolder.fetch(config.base().model(), hadoop, localDir)) : Optional.empty();
        Optional<TokenizerFiles> baseTokenizer = Optional.empty();
        if (adapter && TaskSpecs.of(config).measuresBase()) {
            baseTokenizer = Optional.of(tokenizer(base.orElseThrow(), config, hadoop));
        }
        return new Predictor(
                config,
                gpu,
                threads,
                tokenizer(trained, config, hadoop),
                baseTokenizer,
                manager -> LoadedModel.trained(config, manager, trained, base, threads));
    }

    /**
     * Loads the base model of a run whose task measures it, without adapters but in the form that they are trained over
     * (4 bits for {@code qlora}), with the parameters as for {@link #trained}.
     */
    public static Predictor base(RunConfig config, Configuration hadoop, Path localDir, int gpu, int threads)
            throws IOException {
        Path base = ModelFolder.fetch(config.base().model(), hadoop, localDir);
        TokenizerFiles tokenizer = tokenizer(base, config, hadoop);
        return new Predictor(
                config,
                gpu,
                threads,
                tokenizer,
                Optional.empty(),
                manager -> LoadedModel.base(config, manager, base, tokenizer.vocabularySize(), threads));
    }

    private static TokenizerFiles tokenizer(Path folder, RunConfig config, Configuration hadoop) throws IOException {
        return TaskDatas.tokenizer(
                new org.apache.hadoop.fs.Path(folder.toUri()), config, Architectures::positions, hadoop);
    }

    /**
     * Makes the calling thread the one that computes, in place of the one that has loaded the model.
     *
     * @param threads of PyTorch's operators, in the whole process
     */
    public void attach(int threads) {
        Torch.start(threads);
    }

    /** Whether what {@link #trained} has loaded computes as the base model too, see {@link #asBase}. */
    public boolean holdsBase() {
        return base.isPresent();
    }

    /**
     * Predicts from now on as what {@link #base} would load, or as the trained model again.
     *
     * @throws IllegalStateException unless {@link #holdsBase}
     */
    public void asBase(boolean wanted) {
        if (wanted != asBase) {
            if (base.isEmpty()) {
                throw new IllegalStateException("the base model is not the trained one without its adapters");
            }
            loaded.model().applyAdapters(!wanted);
            asBase = wanted;
        }
    }

    private TaskPredictor rows() {
        return asBase ? base.orElseThrow().rows() : trained;
    }

    /** What the model predicts of held-out samples, see {@link TaskPredictor#evaluate}. */
    public Iterator<Object[]> evaluate(SampleSource split, List<String> labels, int part, int parts) {
        SampleDraws drawn = asBase ? base.orElseThrow().draws() : draws;
        return rows().evaluate(drawn.evaluated(split), labels, part, parts);
    }

    /** What the model predicts of inputs, see {@link TaskPredictor#predict}. */
    public Iterator<Object[]> predict(Iterator<TaskInput> inputs) {
        return rows().predict(inputs);
    }

    @Override
    public void close() {
        trained.close();
        base.ifPresent(other -> other.rows().close());
        manager.close();
    }
}
