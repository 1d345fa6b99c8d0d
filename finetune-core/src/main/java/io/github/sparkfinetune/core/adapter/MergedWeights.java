package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.TensorParts;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The weights of a base model with an adapter merged. Each tensor is computed on demand and keeps its type in the base.
 * Parameters that the adapter brings whole replace the base's.
 */
final class MergedWeights {
    private static final String HEAD = ModelModules.LM_HEAD + ".weight";

    private final HfConfig config;
    private final Architecture architecture;
    private final HeadKind head;
    private final TensorSource base;
    private final PeftAdapter adapter;
    private final MethodConfig method;
    /** Names in the base's file, by names of the model with a head. */
    private final Map<String, String> stored = new LinkedHashMap<>();

    private final Map<String, LoraModule> adapted = new LinkedHashMap<>();
    private boolean tied;

    /**
     * Opens the merged weights.
     *
     * @param config configuration of the trained model
     * @param head the model's head
     * @param method method that trained the adapter; LoftQ's adapter belongs to 4-bit weights
     * @throws io.github.sparkfinetune.conf.error.RunException if base and adapter do not fit
     */
    MergedWeights(HfConfig config, HeadKind head, TensorSource base, PeftAdapter adapter, MethodConfig method) {
        this.config = config;
        this.architecture = Architectures.of(config);
        this.head = head;
        this.base = base;
        this.adapter = adapter;
        this.method = method;
        boolean bare = ModelModules.isBare(architecture, base);
        base.names().stream()
                .filter(name -> architecture.writtenName(name).isPresent())
                .forEach(name -> stored.put(bare ? ModelModules.prefixed(architecture, name) : name, name));
        for (LoraModule module : adapter.modules(ModelModules.linears(architecture, head, base))) {
            adapted.put(module.module().weight(), module);
        }
        tied = isDecoder() && (architecture.isTied() || !stored.containsKey(HEAD));
        if (tied) {
            // If the file has a head as well, transformers uses the table.
            stored.remove(HEAD);
            if (adapted.containsKey(HEAD)
                    || (adapter.tensors().containsKey(HEAD) ? !headIsTable() : onlyTheTableIsNew())) {
                stored.put(HEAD, stored.get(architecture.table().name()));
                tied = false;
            }
        }
        adapter.whole().forEach(this::checkShape);
        checkRows();
    }

    private void checkRows() {
        String table = architecture.table().name();
        for (String name : adapter.tensors().keySet()) {
            if (!name.endsWith(PeftAdapter.TOKEN_ROWS)) {
                continue;
            }
            TensorData whole = adapter.tensors().get(table);
            long[] shape = whole == null ? base.info(stored.get(table)).shape() : whole.shape();
            long last = adapter.settings().alsoTrained().trainableTokenIndices().stream()
                    .mapToLong(Integer::longValue)
                    .max()
                    .orElseThrow();
            long width = adapter.tensors().get(name).shape()[1];
            if (!name.equals(rowsOf(table)) || width != shape[1] || last >= shape[0]) {
                throw adapter.otherBase("it has rows up to " + last + ", " + width + " wide, as " + name
                        + "; this model's " + table + " is " + Arrays.toString(shape));
            }
        }
    }

    private boolean isDecoder() {
        return !architecture.lmHead(HeadKind.CAUSAL_LM).isEmpty();
    }

    /**
     * Returns whether the adapter has a trained table of the base's size but no head. As in PEFT, the head then stays
     * as it was. A table of another size implies a new head.
     */
    private boolean onlyTheTableIsNew() {
        String table = architecture.table().name();
        TensorData trained = adapter.tensors().get(table);
        return trained != null
                && Arrays.equals(trained.shape(), base.info(stored.get(table)).shape());
    }

    private boolean headIsTable() {
        TensorData table = adapter.tensors().get(architecture.table().name());
        return table != null && table.hasBytesOf(adapter.tensors().get(HEAD));
    }

    private void checkShape(String name) {
        long[] shape = adapter.tensors().get(name).shape();
        if (!stored.containsKey(name)) {
            if (!adapter.settings().saves(name) && !isVocabulary(name)) {
                throw adapter.otherBase("it has " + name + ", which this model does not have");
            }
            return;
        }
        long[] before = base.info(stored.get(name)).shape();
        boolean rowsMayDiffer =
                !adapted.containsKey(name) && (adapter.settings().saves(name) || isVocabulary(name));
        boolean fits =
                before.length == shape.length && Arrays.equals(tail(before, rowsMayDiffer), tail(shape, rowsMayDiffer));
        if (!fits) {
            throw adapter.otherBase(
                    name + " is " + Arrays.toString(shape) + "; this model's is " + Arrays.toString(before));
        }
    }

    private boolean isVocabulary(String name) {
        return name.equals(architecture.table().name())
                || architecture.lmHead(head).values().stream()
                        .anyMatch(weight -> weight.name().equals(name));
    }

    private static long[] tail(long[] shape, boolean withoutFirst) {
        return withoutFirst && shape.length > 0 ? Arrays.copyOfRange(shape, 1, shape.length) : shape;
    }

    int adaptedLinears() {
        return adapted.size();
    }

    /**
     * Returns the configuration that fits the tensors. For a multimodal model, it is the configuration of the text
     * part.
     */
    HfConfig config() {
        HfConfig merged = config.alone();
        if (config.multimodalType().isPresent()) {
            merged = merged.with(
                    "architectures", List.of(Architectures.of(merged).className(head)));
        }
        String table = architecture.table().name();
        if (isDecoder()) {
            if (!tied && architecture.isTied()) {
                merged = merged.with("tie_word_embeddings", false);
            }
            TensorData trained = adapter.tensors().get(table);
            if (trained != null) {
                merged = merged.with("vocab_size", trained.shape()[0]);
            }
        } else {
            checkClasses();
        }
        return architecture.written(merged);
    }

    private void checkClasses() {
        for (String name : adapter.whole()) {
            boolean last = List.of("classifier.weight", "classifier.out_proj.weight", "score.weight")
                    .contains(name);
            if (last && adapter.tensors().get(name).shape()[0] != config.numLabels()) {
                throw adapter.otherBase(
                        "its " + name + " has " + adapter.tensors().get(name).shape()[0] + " classes, "
                                + config.source() + " has " + config.numLabels()
                                + "; put the config.json of the trained model into the adapter's folder");
            }
        }
    }

    /** Returns the tensors in the base's order, followed by new tensors, under the names of a written model. */
    List<TensorData> tensors() {
        return merged().stream()
                .map(tensor ->
                        tensor.named(architecture.writtenName(tensor.name()).orElseThrow()))
                .toList();
    }

    private List<TensorData> merged() {
        List<TensorData> tensors = new ArrayList<>();
        stored.forEach((name, inBase) -> tensors.add(tensor(name, inBase)));
        TensorType type = tensors.stream()
                .map(TensorData::dtype)
                .filter(TensorType::isFloat)
                .findFirst()
                .orElse(TensorType.F32);
        for (String name : adapter.whole()) {
            if (!stored.containsKey(name) && !(tied && name.equals(HEAD))) {
                tensors.add(whole(name, type));
            }
        }
        return tensors;
    }

    private TensorData tensor(String name, String inBase) {
        TensorInfo info = base.info(inBase);
        if (adapted.containsKey(name)) {
            return merged(name, adapted.get(name), info.dtype());
        } else if (adapter.tensors().containsKey(name)) {
            return whole(name, info.dtype());
        }
        return withRows(TensorData.of(name, base, inBase));
    }

    private TensorData whole(String name, TensorType type) {
        return withRows(adapter.tensors().get(name).named(name).as(type));
    }

    /** Returns a tensor with the rows that the adapter replaces. */
    private TensorData withRows(TensorData tensor) {
        TensorData rows = adapter.tensors().get(rowsOf(tensor.name()));
        if (rows == null) {
            return tensor;
        }
        List<Integer> tokens = adapter.settings().alsoTrained().trainableTokenIndices();
        return new TensorData(
                tensor.name(),
                tensor.dtype(),
                tensor.shape(),
                () -> new ReplacedRows(tensor, rows.as(tensor.dtype()), tokens));
    }

    private static String rowsOf(String weight) {
        return weight.substring(0, Math.max(0, weight.lastIndexOf('.'))) + PeftAdapter.TOKEN_ROWS;
    }

    private TensorData merged(String name, LoraModule module, TensorType type) {
        // The base that PEFT stores with the adapter of a resized head replaces the model's.
        TensorData trained = adapter.tensors().get(name);
        long[] shape =
                trained != null ? trained.shape() : base.info(stored.get(name)).shape();
        Map<String, TensorData> tensors = adapter.tensors();
        return TensorData.computed(
                name,
                type,
                shape,
                () -> new LoraMerge(
                        module,
                        trained != null ? trained.values() : weight(module, stored.get(name)),
                        tensors.get(module.a()).floats(),
                        tensors.get(module.b()).floats(),
                        module.dora() ? tensors.get(module.magnitude()).floats() : null));
    }

    /** Returns the base's weight that the adapter was trained on. */
    private TensorParts.Values weight(LoraModule module, String inBase) {
        return method.isLoftq()
                ? FourBits.values(module.module(), base, inBase, method.bnb4bitUseDoubleQuant())
                : (from, target) -> base.floats(inBase, from, target);
    }
}
