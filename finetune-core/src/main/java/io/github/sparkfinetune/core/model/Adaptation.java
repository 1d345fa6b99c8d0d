package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.adapter.LinearModule;
import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.adapter.LoraSettings;
import io.github.sparkfinetune.core.adapter.LoraTargets;
import io.github.sparkfinetune.core.adapter.ModelModules;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.quant.Nf4Checkpoint;
import io.github.sparkfinetune.core.safetensors.StoredNames;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How a model's weights differ from its checkpoint's: which parameters are trained, which linears have a low-rank
 * adapter, and how the others are stored.
 *
 * @param trainable the parameters of the checkpoint that are trained
 * @param lora what the adapters are, where there are any
 * @param modules linears with an adapter, by name
 * @param start values that the adapters and the parameters saved with them begin with, or empty for new ones
 * @param storage of the layers' linears that are not trained
 * @param bf16 whether products read in BF16 what is not trained: then {@link Storage#AS_STORED} and a frozen embedding
 *     table stay in it, nothing is widened to F32
 * @param threads that widen what is stored in a smaller form
 */
public record Adaptation(
        Trainable trainable,
        Optional<LoraSettings> lora,
        Map<String, LoraModule> modules,
        Optional<PeftAdapter> start,
        Storage storage,
        boolean bf16,
        int threads) {

    /** Form of weights that are not trained. */
    public enum Storage {
        /** F32; a checkpoint in F32 is used where it is mapped. */
        F32,
        /** As the checkpoint has them, mapped; BF16 and F16 are widened a layer at a time. */
        AS_STORED,
        /** NF4 with plain scales, quantised while loading. */
        NF4,
        /** NF4 with double quantisation. */
        NF4_DOUBLE
    }

    /** No adapters; everything in F32. */
    public static Adaptation of(Trainable trainable) {
        return new Adaptation(trainable, Optional.empty(), Map.of(), Optional.empty(), Storage.F32, false, 1);
    }

    /**
     * What a run's {@code method} does to a model.
     *
     * @param head the model's
     * @param source the model's weights
     * @param taskType PEFT's name of the task, or null where it has none
     * @param adapter the one that {@code method.adapter} names, or empty
     * @param threads of this rank
     * @throws RunException when they do not fit each other
     */
    public static Adaptation of(
            MethodConfig method,
            HfConfig config,
            HeadKind head,
            TensorSource source,
            String taskType,
            String baseModel,
            Optional<PeftAdapter> adapter,
            int threads) {
        Architecture architecture = Architectures.of(config);
        boolean quantised = Nf4Checkpoint.isQuantized(config);
        if (!method.isLora()) {
            if (quantised) {
                throw RunException.config("method.type: " + config.source()
                        + " is of a 4-bit model, whose weights can not be trained: set it to qlora");
            }
            return of(Trainable.of(method, architecture.shape().layers()));
        }
        LoraSettings settings = adapter.map(PeftAdapter::settings)
                .orElseGet(() -> LoraSettings.of(method, architecture, taskType, baseModel)
                        .saving(lacking(architecture, head, source)));
        List<LinearModule> linears = ModelModules.linears(architecture, head, source);
        if (adapter.isEmpty()) {
            LoraTargets.checkNames(settings, linears);
        }
        WeightSpec table = architecture.table();
        // A table that the adapter brings is held against the model's when it is loaded.
        if (adapter.map(given -> !given.tensors().containsKey(table.name())).orElse(true)) {
            checkTokens(settings, table);
        }
        return of(settings, linears, adapter, storage(method), threads);
    }

    private static void checkTokens(LoraSettings settings, WeightSpec table) {
        String key = "method.trainable_token_indices: ";
        for (int token : settings.alsoTrained().trainableTokenIndices()) {
            if (token >= table.shape()[0]) {
                throw RunException.config(key + token + " is no token: the model has " + table.shape()[0]
                        + " rows, with those of tokenizer.add_special_tokens");
            }
            if (settings.saves(table.name())) {
                throw RunException.config(
                        key + "method.modules_to_save trains all rows of " + table.name() + " already: leave one out");
            }
        }
    }

    /** Modules of a task's head that a checkpoint lacks: new ones, of no use unless they are trained. */
    private static List<String> lacking(Architecture architecture, HeadKind head, TensorSource source) {
        if (head == HeadKind.CAUSAL_LM) {
            return List.of();
        }
        StoredNames names = new StoredNames(source, architecture.prefix());
        // How many classes the head tells apart changes no name.
        return architecture.blocks(head, 1).stream()
                .filter(block -> block.kind() == BlockKind.HEAD)
                .flatMap(block -> block.weights().values().stream())
                .filter(weight -> names.find(weight.name()).isEmpty())
                .map(WeightSpec::module)
                .filter(module -> !module.isEmpty())
                .toList();
    }

    /**
     * Nothing is adapted, and the weights are stored as the method's adapters find them.
     *
     * @param drawn the parameters that the checkpoint lacks, which are drawn as a training would begin with them
     */
    public static Adaptation none(MethodConfig method, Trainable drawn, int threads) {
        return new Adaptation(drawn, Optional.empty(), Map.of(), Optional.empty(), storage(method), false, threads);
    }

    private static Storage storage(MethodConfig method) {
        return switch (method.type()) {
            case FULL, FREEZE -> Storage.F32;
            case LORA -> Storage.AS_STORED;
            case QLORA -> method.bnb4bitUseDoubleQuant() ? Storage.NF4_DOUBLE : Storage.NF4;
        };
    }

    /** Adapters over a frozen model. */
    public static Adaptation of(
            LoraSettings settings,
            List<LinearModule> linears,
            Optional<PeftAdapter> adapter,
            Storage storage,
            int threads) {
        List<LoraModule> matched =
                adapter.isPresent() ? adapter.get().modules(linears) : LoraTargets.match(settings, linears);
        Map<String, LoraModule> modules = new LinkedHashMap<>();
        matched.forEach(module -> modules.put(module.module().name(), module));
        Trainable trainable =
                (name, kind, layer) -> settings.saves(name) || settings.trainsBias(name, modules.keySet());
        return new Adaptation(trainable, Optional.of(settings), modules, adapter, storage, false, threads);
    }

    /** The same with other values that the adapters begin with. */
    public Adaptation startingWith(Map<String, TensorData> tensors) {
        PeftAdapter values = new PeftAdapter("the new adapter", lora.orElseThrow(), tensors);
        return new Adaptation(trainable, lora, modules, Optional.of(values), storage, bf16, threads);
    }

    /** The same with the layers' linears that are not trained in another form. */
    public Adaptation withStorage(Storage other) {
        return new Adaptation(trainable, lora, modules, start, other, bf16, threads);
    }

    /** The same with products of another kind. */
    public Adaptation withBf16(boolean other) {
        return new Adaptation(trainable, lora, modules, start, storage, other, threads);
    }

    /** Ids of the tokens whose rows of the embedding table are trained by themselves. */
    public List<Integer> tokens() {
        return lora.map(settings -> settings.alsoTrained().trainableTokenIndices())
                .orElse(List.of());
    }

    /** Whether the parameter is one that PEFT trains as a copy of its own and saves with the adapter. */
    public boolean saves(String parameter) {
        return lora.filter(settings -> settings.saves(parameter)).isPresent();
    }
}
