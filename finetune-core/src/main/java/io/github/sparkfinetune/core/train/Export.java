package io.github.sparkfinetune.core.train;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.OutputConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.adapter.AdapterFile;
import io.github.sparkfinetune.core.adapter.InitialAdapter;
import io.github.sparkfinetune.core.adapter.LoraSettings;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.checkpoint.CheckpointStore;
import io.github.sparkfinetune.core.checkpoint.HfFolderWriter;
import io.github.sparkfinetune.core.checkpoint.LoadedCheckpoint;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.predict.LoadedModel;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hub.HubName;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.hadoop.fs.Path;

/** Export of the trained model as a Hugging Face folder. */
final class Export {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    private final RunConfig config;
    private final RankContext rank;
    private final TaskSpec spec;
    private final TrainingResources resources;
    private final HfFolderWriter writer;

    Export(RunConfig config, RankContext rank, TrainingResources resources) {
        this.config = config;
        this.rank = rank;
        this.spec = TaskSpecs.of(config);
        this.resources = resources;
        // Equal for every attempt at this run: no other run has this output folder.
        String run = Integer.toHexString(config.output().dir().hashCode());
        this.writer = new HfFolderWriter(new Path(config.output().model()), rank.hadoop(), run, rank.attempt());
    }

    /**
     * Writes the model or adapter of the best step. If the current parameters are not of that step, its checkpoint is
     * restored first. Rank 0 writes; the other ranks take part if they share the weights.
     *
     * @param step step of the current parameters
     * @throws RunException if the checkpoint of the best step is missing
     */
    void writeBest(TrainingResult result, long step, CheckpointStore checkpoints) {
        long best = result.bestStep();
        ShardedReads sharded = resources.shardedReads();
        if (rank.collective().rank() > 0 && sharded.isEmpty()) {
            return;
        }
        if (best == step) {
            write(result, sharded);
            return;
        }
        Checkpoint kept = checkpoints.committed().stream()
                .filter(checkpoint -> checkpoint.step() == best)
                .findFirst()
                .orElseThrow(() -> RunException.data("the checkpoint of the best step " + best + " is missing in "
                        + config.output().checkpoints()));
        try (LoadedCheckpoint loaded = checkpoints.read(
                checkpoints.files(kept),
                resources.tensors().neededParameters(),
                resources.temporary(),
                rank::progressed)) {
            resources.tensors().restoreParameters(loaded);
            write(result, sharded);
        }
    }

    /** Writes the current model or adapter on rank 0, which reads the other ranks' shares. */
    private void write(TrainingResult result, ShardedReads sharded) {
        if (rank.collective().rank() > 0) {
            sharded.serve();
            return;
        }
        write(result, sharded::tensor);
        sharded.end();
    }

    /** @param inShares returns a parameter whose values are in the ranks' shares, or empty */
    private void write(TrainingResult result, Function<Parameter, Optional<TensorData>> inShares) {
        LoadedModel loaded = resources.loaded();
        // The adapter of a multimodal model belongs to the whole model; a full model is exported without other
        // modalities.
        HfConfig model =
                loaded.lora().isPresent() ? loaded.config() : loaded.config().alone();
        String architecture = Architectures.of(model).className(spec.modelKind().head());
        ModelCard card = new ModelCard(
                HubName.idOf(config.model()),
                spec.usage(),
                architecture,
                resources.manifest().sources().stream()
                        .map(Manifest.Source::path)
                        .toList(),
                rows(),
                settings(result),
                result.eval());
        Map<String, byte[]> files = new LinkedHashMap<>();
        resources.tokenizer().files().forEach((name, text) -> files.put(name, text.getBytes(StandardCharsets.UTF_8)));
        HfConfig saved = config(model, architecture, result);
        UnaryOperator<String> names = writtenNames(Architectures.of(loaded.config()));
        if (loaded.lora().isPresent()) {
            Optional<InitialAdapter> initial = resources.initialAdapter();
            LoraSettings settings = loaded.lora().get();
            AdapterFile.write(
                    writer,
                    resources.folder(),
                    saved,
                    initial.map(some -> some.plain(settings)).orElse(settings),
                    named(initial.map(some -> some.plain(adapter(inShares))).orElseGet(() -> adapter(inShares)), names),
                    card,
                    files);
        } else {
            files.putAll(spec.savedFiles(saved));
            List<TensorData> tensors = loaded.model().parameters().stream()
                    .map(parameter -> tensor(parameter, inShares))
                    .map(tensor -> tensor.named(names.apply(tensor.name())))
                    .toList();
            writer.write(resources.folder(), saved, tensors, card, SafetensorsWriter.MAX_SHARD_SIZE, files);
        }
    }

    /** Returns the names of weights in the written model: a model without a head has no prefix. */
    private UnaryOperator<String> writtenNames(Architecture architecture) {
        boolean isBare = spec.modelKind().head() == HeadKind.EMBEDDING;
        String prefix = isBare ? architecture.prefix() : "";
        boolean isAdapter = resources.loaded().lora().isPresent();
        return name -> {
            String written = isAdapter ? name : architecture.writtenName(name).orElseThrow();
            return written.startsWith(prefix) ? written.substring(prefix.length()) : written;
        };
    }

    private static Map<String, TensorData> named(Map<String, TensorData> tensors, UnaryOperator<String> names) {
        Map<String, TensorData> named = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> named.put(names.apply(name), tensor.named(names.apply(name))));
        return named;
    }

    private TensorData tensor(Parameter parameter, Function<Parameter, Optional<TensorData>> inShares) {
        return inShares.apply(parameter)
                .orElseGet(() -> resources.tensors().written(parameter.name(), parameter.value()))
                .as(config.output().dtype() == OutputConfig.Dtype.FLOAT32 ? TensorType.F32 : TensorType.BF16);
    }

    private HfConfig config(HfConfig model, String architecture, TrainingResult result) {
        OutputConfig.Dtype dtype = resources.loaded().lora().isPresent()
                ? OutputConfig.Dtype.FLOAT32
                : config.output().dtype();
        HfConfig saved = spec.savedConfig(
                model, architecture, resources.manifest().labels(), dtype.name().toLowerCase(Locale.ROOT));
        boolean bf16 = resources.precision().choice() == RunConfig.PrecisionChoice.BF16;
        return Architectures.of(model)
                .written(spec.tunedConfig(saved, result.eval()).withTrainedInBf16(bf16));
    }

    /** Returns the tensors that PEFT saves: all trained tensors, and embeddings with rows for new tokens. */
    private Map<String, TensorData> adapter(Function<Parameter, Optional<TensorData>> inShares) {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        resources.tensors().trained(rank::progressed).forEach(tensor -> tensors.put(tensor.name(), tensor));
        resources.step().gradients().sharded().values().stream()
                .flatMap(List::stream)
                .forEach(parameter ->
                        tensors.put(parameter.name(), inShares.apply(parameter).orElseThrow()));
        if (resources.loaded().isResized()) {
            Model model = resources.model();
            Stream.concat(
                            Stream.of(model.table()),
                            model.lmHead().stream().flatMap(block -> block.parameters().stream()))
                    .forEach(parameter -> tensors.computeIfAbsent(
                            parameter.name(),
                            name -> resources
                                    .tensors()
                                    .written(name, parameter.value())
                                    .as(TensorType.F32)));
        }
        return tensors;
    }

    /** Returns the counts of rows; none of a private run, whose guarantee does not cover exact counts. */
    private Map<String, Long> rows() {
        Map<String, Long> rows = new LinkedHashMap<>();
        if (config.training().privacy().protectsSamples()) {
            return rows;
        }
        DataFunnel.of(resources.manifest()).forEach(line -> rows.put(line.name(), line.count()));
        return rows;
    }

    private Map<String, Object> settings(TrainingResult result) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("method", config.method().type());
        settings.put("max_length", config.data().maxLength());
        settings.put("ranks", config.cluster().ranks());
        settings.putAll(JSON.convertValue(config.training(), new TypeReference<Map<String, Object>>() {}));
        if (result.privacy() != null) {
            settings.put(
                    "privacy_spent", JSON.convertValue(result.privacy(), new TypeReference<Map<String, Object>>() {}));
        }
        return settings;
    }
}
