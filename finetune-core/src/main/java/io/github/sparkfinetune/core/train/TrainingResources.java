package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.adapter.InitialAdapter;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.predict.LoadedModel;
import io.github.sparkfinetune.core.predict.References;
import io.github.sparkfinetune.core.safetensors.FiniteWeights;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.core.tensor.Allocator;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.FirstSamples;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.SampleDraws;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.files.LocalDir;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.ModelFolder;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** Resources of a rank for a run: model, optimizer, splits. Owns all of them. */
final class TrainingResources implements AutoCloseable {
    private final Deque<Runnable> opened = new ArrayDeque<>();
    private final RankContext rank;
    private final Path temporary;
    private final Path folder;
    private final Manifest manifest;
    private final SampleSource train;
    private final Optional<SampleSource> eval;
    private final SampleDraws draws;
    private final Device device;
    private final Precision precision;
    private final AdapterInitialisation initialisation;
    private final LoadedModel loaded;
    private final TokenizerFiles tokenizer;
    private final TrainStep step;
    private final TrainingTensors tensors;

    /** @param kept precision of the resumed run, or null */
    TrainingResources(RunConfig config, RankContext rank, Precision kept) throws IOException {
        this.rank = rank;
        Allocator.release();
        Torch.start(rank.threads());
        try {
            LocalDir localDir = LocalDir.in(rank.localDir());
            temporary = closing(localDir.own()).path();
            folder = closing(ModelFolder.share(config.model(), rank.hadoop(), localDir))
                    .path();
            org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
            manifest = Manifest.of(config, rank.hadoop());
            tokenizer = TaskDatas.tokenizer(
                    new org.apache.hadoop.fs.Path(folder.toUri()), config, Architectures::positions, rank.hadoop());
            TaskData<?> data = TaskDatas.of(config);
            manifest.requireMatches(dataset, config.task(), data.options(tokenizer));
            draws = data.draws(tokenizer);
            SampleSource trained = closing(
                    ParquetSamples.open(dataset, manifest, Manifest.TRAIN, data.readWhileTraining(), rank.hadoop()));
            Optional<SampleSource> evaluated = manifest.splits().containsKey(Manifest.EVAL)
                    ? Optional.of(closing(draws.evaluated(ParquetSamples.open(
                            dataset, manifest, Manifest.EVAL, data.readWhileTraining(), rank.hadoop()))))
                    : Optional.empty();
            device = Device.of(rank.gpu(), rank.collective().isOnDevice());
            opened.push(device.manager()::close);
            HfConfig base = Architectures.config(folder);
            precision = Precision.of(
                    config.precision(),
                    kept,
                    rank.collective(),
                    device,
                    Architectures.of(base).shape());
            HfConfig completed = TaskSpecs.of(config).modelKind().completed(base, tokenizer);
            // The teacher is asked and freed before the trained model takes its memory.
            Optional<References> taught = config.teacher().teaches()
                    ? Optional.of(ReferencePass.ofTeacher(
                            config, rank, manifest, precision, device.manager(), completed.vocabSize(), temporary))
                    : Optional.empty();
            taught.ifPresent(some -> opened.push(some::close));
            initialisation = new AdapterInitialisation(config, rank, temporary, device.manager());
            opened.push(initialisation::close);
            loaded = LoadedModel.toTrain(
                    config,
                    precision.choice(),
                    device.manager(),
                    folder,
                    Optional.ofNullable(config.method().adapter())
                            .map(adapter -> ModelFolder.fetch(adapter, rank.hadoop(), temporary)),
                    Labels.of(manifest),
                    completed,
                    rank.threads(),
                    initialisation,
                    rank.collective());
            Model model = loaded.model();
            // A sample may consist of several documents.
            int longest = Math.min(manifest.longest(), config.data().maxLength());
            if (longest > model.maxLength()) {
                throw RunException.config("data.max_length: samples have up to " + longest + " tokens, the model in "
                        + config.model() + " takes at most " + model.maxLength() + ": set data.max_length to "
                        + model.maxLength() + " and prepare again");
            }
            Optional<References> references = References.areRead(config)
                    ? Optional.of(
                            ReferencePass.ofInitialModel(config, rank, manifest, precision, loaded.task(), temporary))
                    : Optional.empty();
            references.ifPresent(some -> opened.push(some::close));
            train = references
                    .or(() -> taught)
                    .map(some -> some.withReferences(Manifest.TRAIN, trained))
                    .orElse(trained);
            eval = evaluated
                    .map(split -> references
                            .map(some -> some.withReferences(Manifest.EVAL, split))
                            .orElse(split))
                    .map(split -> FirstSamples.of(split, config.training().evalMaxSamples()));
            step = step(config, rank, loaded);
            tensors = new TrainingTensors(device, rank, loaded.model(), step);
        } catch (Throwable e) {
            closeAfter(e);
            throw e;
        }
    }

    private LocalDir.Held closing(LocalDir.Held held) {
        opened.push(held::close);
        return held;
    }

    private <S extends SampleSource> S closing(S source) {
        opened.push(source::close);
        return source;
    }

    private void closeAfter(Throwable error) {
        try {
            close();
        } catch (RuntimeException e) {
            error.addSuppressed(e);
        }
    }

    private TrainStep step(RunConfig config, RankContext rank, LoadedModel model) {
        TrainingConfig training = config.training();
        return new TrainStep(
                device.manager(),
                model.model(),
                model.objective(),
                DropoutMasks.of(training.seed(), rank.threads()),
                rank.collective(),
                training,
                config.cluster().shard());
    }

    /** Returns the precision of the products. */
    Precision precision() {
        return precision;
    }

    NDManager manager() {
        return device.manager();
    }

    LoadedModel loaded() {
        return loaded;
    }

    /** Returns the initial adapter of the run; empty for PEFT's default. */
    Optional<InitialAdapter> initialAdapter() {
        return initialisation.adapter();
    }

    Model model() {
        return loaded.model();
    }

    /** Returns the tokenizer with the run's own tokens. */
    TokenizerFiles tokenizer() {
        return tokenizer;
    }

    TrainStep step() {
        return step;
    }

    TrainingTensors tensors() {
        return tensors;
    }

    /** Returns the reading of parameters that the ranks share. */
    ShardedReads shardedReads() {
        return new ShardedReads(device, model().script(), rank, step.gradients().sharded());
    }

    SampleSource train() {
        return train;
    }

    /** Returns the evaluation split, limited to the samples that are evaluated. */
    Optional<SampleSource> eval() {
        return eval;
    }

    /** Returns the draws of a training sample in each epoch. */
    SampleDraws draws() {
        return draws;
    }

    Manifest manifest() {
        return manifest;
    }

    /** Returns the local folder of the base model. */
    Path folder() {
        return folder;
    }

    /**
     * Checks that the base model's weights are finite, to explain a loss that is not.
     *
     * @throws RunException if a weight is not finite; the message names it
     */
    void requireFiniteBase() {
        try (SafetensorsModel source = SafetensorsModel.open(folder)) {
            FiniteWeights.require(source);
        }
    }

    /** Returns the local folder for files that are deleted at the end. */
    Path temporary() {
        return temporary;
    }

    /** Closes all resources in reverse order, even if closing one fails. */
    @Override
    public void close() {
        RuntimeException failure = null;
        while (!opened.isEmpty()) {
            try {
                opened.pop().run();
            } catch (RuntimeException e) {
                failure = failure == null ? e : failure;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
