package io.github.sparkfinetune.core.model.weight;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.error.RunException;
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
import io.github.sparkfinetune.core.collective.Collective;
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
 * Differences between a model's weights and its checkpoint: the trained parameters, the low-rank adapters of linears,
 * and the storage of frozen linears.
 *
 * @param trainable chooses the parameters of the checkpoint that are trained
 * @param lora settings of the adapters, or empty without adapters
 * @param modules linears with an adapter, by module name
 * @param start initial values of the adapters and of the parameters saved with them, or empty for new adapters
 * @param storage form of the layers' frozen linears
 * @param bf16 whether matrix products read frozen weights in BF16. Then {@link Storage#AS_STORED} weights and a frozen
 *     embedding table that are stored in BF16 stay in BF16; nothing is widened to F32
 * @param threads number of threads that widen weights stored in a smaller form
 * @param ranks ranks that share the weights, or empty if this rank holds them whole
 */
public record Adaptation(
        Trainable trainable,
        Optional<LoraSettings> lora,
        Map<String, LoraModule> modules,
        Optional<PeftAdapter> start,
        Storage storage,
        boolean bf16,
        int threads,
        Optional<Collective> ranks) {

    /** Form of frozen weights. */
    public enum Storage {
        /** F32; a checkpoint in F32 is read from its mapped file. */
        F32,
        /** The checkpoint's own type, mapped; BF16 and F16 are widened one layer at a time. */
        AS_STORED,
        /** NF4 with plain scales, quantised while loading. */
        NF4,
        /** NF4 with double quantisation. */
        NF4_DOUBLE
    }

    /** Returns an adaptation without adapters, all in F32. */
    public static Adaptation of(Trainable trainable) {
        return new Adaptation(
                trainable, Optional.empty(), Map.of(), Optional.empty(), Storage.F32, false, 1, Optional.empty());
    }

    /**
     * Returns the adaptation that a run's {@code method} asks for.
     *
     * @param head head of the model
     * @param source weights of the model
     * @param taskType PEFT's name of the task, or null if PEFT has none
     * @param adapter adapter that {@code method.adapter} names, or empty
     * @param threads number of threads of this rank
     * @throws RunException if method, model and adapter do not fit each other
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
        Optional<PeftAdapter> named = adapter.map(some -> some.named(head, architecture.prefix()));
        boolean quantised = Nf4Checkpoint.isQuantized(config);
        if (!method.isLora()) {
            if (quantised) {
                throw RunException.config("method.type: " + config.source()
                        + " describes a 4-bit model, whose weights cannot be trained: set method.type to qlora");
            }
            return of(Trainable.of(method, architecture.shape().layers()));
        }
        LoraSettings settings = named.map(PeftAdapter::settings)
                .orElseGet(() -> LoraSettings.of(method, architecture, taskType, baseModel)
                        .saving(lacking(architecture, head, source)));
        List<LinearModule> linears = ModelModules.linears(architecture, head, source);
        if (named.isEmpty()) {
            LoraTargets.checkNames(settings, linears);
        }
        WeightSpec table = architecture.table();
        // If the adapter has the table, loading it compares both shapes.
        if (named.map(loaded -> !loaded.tensors().containsKey(table.name())).orElse(true)) {
            checkTokens(settings, table);
        }
        return of(settings, linears, named, storage(method), threads);
    }

    private static void checkTokens(LoraSettings settings, WeightSpec table) {
        String key = "method.trainable_token_indices: ";
        for (int token : settings.alsoTrained().trainableTokenIndices()) {
            if (token >= table.shape()[0]) {
                throw RunException.config(key + token + " is not a token id: the model has " + table.shape()[0]
                        + " embedding rows, including those of tokenizer.add_special_tokens");
            }
            if (settings.saves(table.name())) {
                throw RunException.config(
                        key + "method.modules_to_save trains all rows of " + table.name() + " already: leave one out");
            }
        }
    }

    /** Returns the head's modules that the checkpoint lacks. They are new and must be trained. */
    private static List<String> lacking(Architecture architecture, HeadKind head, TensorSource source) {
        if (head == HeadKind.CAUSAL_LM) {
            return List.of();
        }
        StoredNames names = new StoredNames(source, architecture.prefix());
        // The number of classes does not change the names.
        return architecture.blocks(head, 1).stream()
                .filter(block -> block.kind() == BlockKind.HEAD)
                .flatMap(block -> block.weights().values().stream())
                .filter(weight -> names.find(weight.name()).isEmpty())
                .map(WeightSpec::module)
                .filter(module -> !module.isEmpty())
                .toList();
    }

    /**
     * Returns an adaptation without adapters whose frozen weights are stored as the method stores them.
     *
     * @param drawn chooses the parameters that the checkpoint lacks; they are drawn as for a training run
     */
    public static Adaptation none(MethodConfig method, Trainable drawn, int threads) {
        return new Adaptation(
                drawn, Optional.empty(), Map.of(), Optional.empty(), storage(method), false, threads, Optional.empty());
    }

    private static Storage storage(MethodConfig method) {
        return switch (method.type()) {
            case FULL, FREEZE -> Storage.F32;
            case LORA -> Storage.AS_STORED;
            case QLORA -> method.bnb4bitUseDoubleQuant() ? Storage.NF4_DOUBLE : Storage.NF4;
        };
    }

    /** Returns an adaptation of a frozen model with adapters. */
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
        return new Adaptation(
                trainable, Optional.of(settings), modules, adapter, storage, false, threads, Optional.empty());
    }

    /** Returns this adaptation with other initial values of the adapters. */
    public Adaptation startingWith(Map<String, TensorData> tensors) {
        PeftAdapter values = new PeftAdapter("the new adapter", lora.orElseThrow(), tensors);
        return new Adaptation(trainable, lora, modules, Optional.of(values), storage, bf16, threads, ranks);
    }

    /** Returns this adaptation with another form of the layers' frozen linears. */
    public Adaptation withStorage(Storage other) {
        return new Adaptation(trainable, lora, modules, start, other, bf16, threads, ranks);
    }

    /** Returns this adaptation with matrix products in BF16 or in F32. */
    public Adaptation withBf16(boolean other) {
        return new Adaptation(trainable, lora, modules, start, storage, other, threads, ranks);
    }

    /** Returns this adaptation with weights that some ranks share; one rank shares nothing. */
    public Adaptation sharedBy(Collective others) {
        return new Adaptation(
                trainable,
                lora,
                modules,
                start,
                storage,
                bf16,
                threads,
                Optional.of(others).filter(ranks -> ranks.size() > 1));
    }

    /** Returns the ids of the tokens whose embedding rows are trained while the other rows are frozen. */
    public List<Integer> tokens() {
        return lora.map(settings -> settings.alsoTrained().trainableTokenIndices())
                .orElse(List.of());
    }

    /** Returns whether PEFT trains a copy of the parameter and saves it with the adapter. */
    public boolean saves(String parameter) {
        return lora.filter(settings -> settings.saves(parameter)).isPresent();
    }
}
