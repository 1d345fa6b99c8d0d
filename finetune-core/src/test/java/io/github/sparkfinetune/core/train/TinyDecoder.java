package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.adapter.AdapterStart;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.collective.SingleRank;
import io.github.sparkfinetune.core.model.Decoder;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.objective.VocabularyLoss;
import io.github.sparkfinetune.core.optim.DenseGradient;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.predict.LoadedModel;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.tensor.CopiesOnCpu;
import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.testing.LibraryDefaults;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** A language model, loaded as in a run. */
final class TinyDecoder implements AutoCloseable {
    final NDManager manager;
    final LoadedModel loaded;

    /** Loads a model. */
    private interface Loading {
        LoadedModel load(NDManager manager);
    }

    private TinyDecoder(Loading loading) {
        Torch.start(1);
        manager = Torch.manager(-1);
        try {
            loaded = loading.load(manager);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Loads the base model of a run for training. */
    static TinyDecoder toTrain(Path base, RunConfig config, Optional<Path> adapter, int vocabulary) {
        return new TinyDecoder(manager -> LoadedModel.toTrain(
                config,
                config.precision(),
                manager,
                base,
                adapter,
                Labels.none(),
                Architectures.config(base).withTokens(vocabulary),
                1,
                AdapterStart.DEFAULT,
                new SingleRank()));
    }

    /**
     * Loads a model for training.
     *
     * @param settings KEY=VALUE settings of the run
     */
    static TinyDecoder toTrain(Path base, String... settings) {
        return toTrain(base, config(settings), Optional.empty(), 0);
    }

    /** Loads the output of a run: a model, or an adapter on a base. */
    static TinyDecoder trained(Path folder, Optional<Path> base, RunConfig config) {
        return new TinyDecoder(manager -> LoadedModel.trained(config, manager, folder, base, 1));
    }

    /** Returns a run's configuration for tests that need no dataset. */
    static RunConfig config(String... settings) {
        return RunConfigLoader.parse(
                "{model: base, task: causal-lm, data: {train: none}, output: {dir: none}}",
                "test",
                LibraryDefaults.with(Stream.of(CopiesOnCpu.settings(), List.of(settings))
                        .flatMap(List::stream)
                        .toList()));
    }

    /** Returns the settings of a training step: AdamW with a weight decay of 0.01, clipping at a norm of 1. */
    static TrainingConfig training(boolean recompute) {
        return config("training.weight_decay=0.01", "training.gradient_checkpointing=" + recompute)
                .training();
    }

    Decoder model() {
        return (Decoder) loaded.model();
    }

    /** Returns the logits of every token of the samples, which are computed side by side. */
    float[] logits(List<Sample> samples) {
        return logits(manager, model(), samples);
    }

    static float[] logits(NDManager manager, Decoder model, List<Sample> samples) {
        try (NDManager owner = manager.newSubManager()) {
            NDArray hidden = hidden(owner, model, model.wholeBatch(owner, samples));
            return model.logits(owner, hidden).toFloatArray();
        }
    }

    /** Returns the loss of each labelled token, in the order of the samples. */
    float[] losses(List<Sample> samples) {
        try (NDManager owner = manager.newSubManager()) {
            Batch batch = model().batch(owner, samples);
            return VocabularyLoss.ofNextToken(owner, model())
                    .tokenLosses(owner, hidden(owner, model(), batch), batch)
                    .losses();
        }
    }

    private static NDArray hidden(NDManager owner, Decoder model, Batch batch) {
        NDArray x = model.lookup(owner, batch);
        for (Block block : model.blocks()) {
            x = model.forward(owner, block, x, batch, DropoutMasks.none());
        }
        return x;
    }

    TrainStep step(DropoutMasks masks, boolean recompute) {
        return step(loaded, masks, training(recompute));
    }

    /** Returns a training step with the settings of a run, without dropout. */
    TrainStep step(RunConfig config) {
        return step(loaded, DropoutMasks.none(), config.training());
    }

    private TrainStep step(LoadedModel anyModel, DropoutMasks masks, TrainingConfig training) {
        return new TrainStep(
                manager, anyModel.model(), anyModel.objective(), masks, new SingleRank(), training, Shard.NONE);
    }

    /**
     * Computes loss and gradients of one step.
     *
     * @param masks dropout masks
     * @param parts micro-batches of the step
     */
    Gradient gradient(DropoutMasks masks, boolean recompute, List<List<Sample>> parts) {
        TrainStep step = step(masks, recompute);
        TrainStep.Outcome outcome = step.gradient(0, parts, false, () -> false, () -> {});
        return new Gradient(outcome.loss(), gradients(step));
    }

    /** Returns the gradients by parameter name. */
    private static Map<String, float[]> gradients(TrainStep step) {
        Map<String, float[]> gradients = new LinkedHashMap<>();
        for (ParameterGradient trained : step.gradients().parameters()) {
            gradients.put(trained.parameter().name(), DenseGradient.values(trained));
        }
        return gradients;
    }

    /** Returns the values of the parameters by name. */
    Map<String, float[]> parameters() {
        Map<String, float[]> values = new LinkedHashMap<>();
        try (NDManager owner = manager.newSubManager()) {
            for (Parameter parameter : loaded.model().parameters()) {
                NDArray f32 = model().script().callOne(owner, "f32", parameter.value());
                values.put(parameter.name(), f32.toFloatArray());
            }
        }
        return values;
    }

    /** Sets an adapter's B to small random values. At first B is zero, which hides the gradients of A. */
    void randomizeLoraB() {
        for (Parameter parameter : loaded.model().parameters()) {
            if (parameter.trainable() && parameter.name().endsWith(".lora_B")) {
                SplittableRandom random = new SplittableRandom(parameter.name().hashCode());
                float[] values = new float[(int) parameter.size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) random.nextGaussian() / 10;
                }
                try (NDArray array = manager.create(values, parameter.value().getShape())) {
                    loaded.model()
                            .script()
                            .call(manager, "copy", parameter.value(), array)
                            .close();
                }
            }
        }
        loaded.model().updated();
    }

    /** Loss and gradients of a step. */
    record Gradient(double loss, Map<String, float[]> byName) {}

    @Override
    public void close() {
        manager.close();
    }
}
