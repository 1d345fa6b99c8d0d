package io.github.sparkfinetune.core.predict;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.adapter.AdapterStart;
import io.github.sparkfinetune.core.adapter.InitialAdapter;
import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.adapter.LoraSettings;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.model.Adaptation;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.Trainable;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.StoredNames;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.task.Labels;
import io.github.sparkfinetune.core.task.Pretrained;
import io.github.sparkfinetune.core.task.TaskModel;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;

/**
 * A run's model with what its task makes of it.
 *
 * @param task the model
 * @param config the model's configuration, with the vocabulary that it is loaded with
 * @param lora its adapters' settings, where it has any
 * @param isResized whether its embeddings got rows for tokens that the checkpoint does not know
 */
public record LoadedModel(TaskModel task, HfConfig config, Optional<LoraSettings> lora, boolean isResized) {

    /** Its weights and computation. */
    public Model model() {
        return task.model();
    }

    /** What is minimised. */
    public Objective objective() {
        return task.objective();
    }

    /**
     * The base model, ready to be trained.
     *
     * @param precision what products are computed in, whatever the run's says
     * @param manager owner of the weights
     * @param base local folder of the base model
     * @param adapter local folder of {@code method.adapter}, or empty
     * @param labels of the dataset
     * @param vocabulary token ids that must have an embedding
     * @param threads of this rank
     * @param start what a new adapter begins with
     */
    public static LoadedModel toTrain(
            RunConfig config,
            PrecisionChoice precision,
            NDManager manager,
            Path base,
            Optional<Path> adapter,
            Labels labels,
            int vocabulary,
            int threads,
            AdapterStart start) {
        HfConfig model = Architectures.config(base);
        int rows = model.vocabSize();
        HfConfig grown = model.withTokens(vocabulary);
        try (SafetensorsModel source = SafetensorsModel.open(base)) {
            Adaptation adaptation = TaskSpecs.of(config)
                    .adaptation(config, config.method(), grown, source, adapter.map(AdapterFile::read), threads);
            Collection<LoraModule> adapted = adaptation.modules().values();
            String prefix = Architectures.of(grown).prefix();
            Optional<InitialAdapter> initial = adapter.isEmpty() ? start.of(adapted, source, prefix) : Optional.empty();
            TensorSource weights =
                    initial.map(some -> some.base(source, prefix, adapted)).orElse(source);
            Adaptation begun =
                    initial.map(some -> adaptation.startingWith(some.tensors())).orElse(adaptation);
            Pretrained pretrained = pretrained(precision, manager, grown, weights);
            return load(config, pretrained, labels, begun, vocabulary > rows);
        }
    }

    /**
     * What a run has trained, ready to predict.
     *
     * @param trained local folder that the run wrote: a model, or an adapter
     * @param base local folder of the base model of an adapter; empty for a model
     */
    public static LoadedModel trained(
            RunConfig config, NDManager manager, Path trained, Optional<Path> base, int threads) {
        HfConfig model = Architectures.config(trained);
        try (SafetensorsModel source = SafetensorsModel.open(base.orElse(trained))) {
            TaskSpec spec = TaskSpecs.of(config);
            Pretrained pretrained = pretrained(config.compute().precision(), manager, model, source);
            Adaptation adaptation = base.isPresent()
                    ? spec.adaptation(
                            config, config.method(), model, source, Optional.of(AdapterFile.read(trained)), threads)
                    : Adaptation.of(Trainable.none()).withStorage(whole(pretrained.matmul()));
            return load(config, pretrained, spec.labels(model), adaptation, false);
        }
    }

    /**
     * The base model of a run, ready to predict, in the form that adapters are trained over; for tasks whose head is
     * the base model's. A head that it lacks is the one that a training begins with.
     *
     * @param base local folder of the base model
     * @param vocabulary token ids that must have an embedding
     */
    static LoadedModel base(RunConfig config, NDManager manager, Path base, int vocabulary, int threads) {
        HfConfig model = Architectures.config(base);
        HfConfig grown = model.withTokens(vocabulary);
        try (SafetensorsModel source = SafetensorsModel.open(base)) {
            StoredNames names = new StoredNames(source, Architectures.of(grown).prefix());
            Trainable drawn = (name, kind, layer) -> names.find(name).isEmpty();
            Pretrained pretrained = pretrained(config.compute().precision(), manager, grown, source);
            return load(config, pretrained, Labels.none(), Adaptation.none(config.method(), drawn, threads), false);
        }
    }

    private static LoadedModel load(
            RunConfig config, Pretrained base, Labels labels, Adaptation adaptation, boolean resized) {
        TaskModel task = TaskSpecs.of(config)
                .load(base, labels, adaptation, config.training().seed());
        return of(task, base.config(), adaptation.lora(), resized);
    }

    private static LoadedModel of(TaskModel task, HfConfig config, Optional<LoraSettings> lora, boolean resized) {
        return new LoadedModel(task, config, lora, resized);
    }

    /** A whole model is in F32, but where products read BF16. */
    private static Adaptation.Storage whole(MatmulBackend matmul) {
        return matmul == MatmulBackend.BF16 ? Adaptation.Storage.AS_STORED : Adaptation.Storage.F32;
    }

    private static Pretrained pretrained(
            PrecisionChoice precision, NDManager manager, HfConfig model, TensorSource source) {
        MatmulBackend matmul = MatmulBackend.of(precision, Device.of(manager));
        return new Pretrained(manager, matmul, model, source);
    }
}
