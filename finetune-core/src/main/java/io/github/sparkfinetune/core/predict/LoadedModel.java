package io.github.sparkfinetune.core.predict;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.PrecisionChoice;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.adapter.AdapterStart;
import io.github.sparkfinetune.core.adapter.InitialAdapter;
import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.adapter.LoraSettings;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.MatmulBackend;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.Trainable;
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
 * A run's model, loaded for its task.
 *
 * @param task model of the task
 * @param config configuration of the model, with the loaded vocabulary
 * @param lora settings of the adapters, or empty without adapters
 * @param isResized whether the embeddings have rows for tokens that the checkpoint lacks
 */
public record LoadedModel(TaskModel task, HfConfig config, Optional<LoraSettings> lora, boolean isResized) {

    /** Returns the weights and their computation. */
    public Model model() {
        return task.model();
    }

    /** Returns the loss. */
    public Objective objective() {
        return task.objective();
    }

    /**
     * Loads the base model for training.
     *
     * @param precision precision of the products, instead of the run's setting
     * @param manager owner of the weights
     * @param base local folder of the base model
     * @param adapter local folder of {@code method.adapter}, or empty
     * @param labels labels of the dataset
     * @param model configuration of the model as the task trains it, see {@code ModelKind.completed}
     * @param threads number of threads of this rank
     * @param start source of the initial values of a new adapter
     * @param ranks ranks that train the model
     */
    public static LoadedModel toTrain(
            RunConfig config,
            PrecisionChoice precision,
            NDManager manager,
            Path base,
            Optional<Path> adapter,
            Labels labels,
            HfConfig model,
            int threads,
            AdapterStart start,
            Collective ranks) {
        boolean resized = model.vocabSize() > Architectures.config(base).vocabSize();
        try (SafetensorsModel source = SafetensorsModel.open(base)) {
            Adaptation adaptation = TaskSpecs.of(config)
                    .adaptation(config, config.method(), model, source, adapter.map(AdapterFile::read), threads);
            Collection<LoraModule> adapted = adaptation.modules().values();
            String prefix = Architectures.of(model).prefix();
            Optional<InitialAdapter> initial = adapter.isEmpty() ? start.of(adapted, source, prefix) : Optional.empty();
            TensorSource weights =
                    initial.map(some -> some.base(source, prefix, adapted)).orElse(source);
            Adaptation begun =
                    initial.map(some -> adaptation.startingWith(some.tensors())).orElse(adaptation);
            if (config.cluster().shard() == Shard.FULL) {
                begun = begun.sharedBy(ranks);
            }
            MatmulBackend matmul = MatmulBackend.of(precision, Device.of(manager));
            Pretrained pretrained = new Pretrained(manager, matmul, model, weights);
            return load(config, pretrained, labels, begun, resized);
        }
    }

    /**
     * Loads a run's trained model for prediction.
     *
     * @param trained local folder with the run's model or adapter
     * @param base local folder of the base model of an adapter; empty for a model
     */
    public static LoadedModel trained(
            RunConfig config, NDManager manager, Path trained, Optional<Path> base, int threads) {
        HfConfig model = Architectures.config(trained);
        try (SafetensorsModel source = SafetensorsModel.open(base.orElse(trained))) {
            TaskSpec spec = TaskSpecs.of(config);
            MatmulBackend matmul = PredictionMatmul.of(config, Optional.of(model), Device.of(manager));
            Pretrained pretrained = new Pretrained(manager, matmul, model, source);
            Adaptation adaptation = base.isPresent()
                    ? spec.adaptation(
                            config, config.method(), model, source, Optional.of(AdapterFile.read(trained)), threads)
                    : Adaptation.of(Trainable.none()).withStorage(whole(matmul));
            return load(config, pretrained, spec.labels(model), adaptation, false);
        }
    }

    /**
     * Loads a run's teacher.
     *
     * @param precision precision of the products, that of the run
     * @param manager owner of the weights
     * @param folder local folder of the teacher
     */
    public static LoadedModel teacher(RunConfig config, PrecisionChoice precision, NDManager manager, Path folder) {
        HfConfig model = Architectures.config(folder);
        try (SafetensorsModel source = SafetensorsModel.open(folder)) {
            MatmulBackend matmul = MatmulBackend.of(precision, Device.of(manager));
            Pretrained pretrained = new Pretrained(manager, matmul, model, source);
            Adaptation frozen = Adaptation.of(Trainable.none()).withStorage(whole(matmul));
            return load(config, pretrained, TaskSpecs.of(config).labels(model), frozen, false);
        }
    }

    /**
     * Loads the base model of a run for prediction, in the storage that adapters are trained with. This is for tasks
     * that use the base model's head. A missing head gets the initial values of a training run.
     *
     * @param trained configuration in the folder of the trained model, whose precision the base model has too; empty
     *     without a trained model
     * @param base local folder of the base model
     * @param vocabulary number of token ids that must have an embedding
     */
    static LoadedModel base(
            RunConfig config, NDManager manager, Optional<HfConfig> trained, Path base, int vocabulary, int threads) {
        HfConfig model = Architectures.config(base);
        HfConfig grown = model.withTokens(vocabulary);
        try (SafetensorsModel source = SafetensorsModel.open(base)) {
            StoredNames names = new StoredNames(source, Architectures.of(grown).prefix());
            Trainable drawn = (name, kind, layer) -> names.find(name).isEmpty();
            MatmulBackend matmul = PredictionMatmul.of(config, trained, Device.of(manager));
            Pretrained pretrained = new Pretrained(manager, matmul, grown, source);
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

    /** Returns the storage of a full model: F32, or the checkpoint's own type if products read BF16. */
    private static Adaptation.Storage whole(MatmulBackend matmul) {
        return matmul.isBf16() ? Adaptation.Storage.AS_STORED : Adaptation.Storage.F32;
    }
}
