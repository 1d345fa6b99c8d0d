package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.checkpoint.HfFolderWriter;
import io.github.sparkfinetune.core.checkpoint.ModelCard;
import io.github.sparkfinetune.core.safetensors.FiniteWeights;
import io.github.sparkfinetune.core.safetensors.MappedTensor;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * PEFT's folder of an adapter: {@code adapter_config.json} and {@code adapter_model.safetensors}. There a tensor of the
 * adapter is called {@code base_model.model.MODULE.lora_A.weight} (DoRA's magnitude {@code lora_magnitude_vector},
 * without {@code weight}), a parameter that is trained whole {@code base_model.model.NAME}, and one of a linear that
 * has an adapter itself {@code base_model.model.MODULE.base_layer.bias}; an embedding table of which rows are trained,
 * where it is saved too, {@code base_model.model.MODULE.token_adapter.base_layer.weight} (source:
 * {@code peft/utils/save_and_load.py}).
 */
public final class AdapterFile {
    /** Name of the settings, which tells an adapter's folder from a model's. */
    public static final String CONFIG = AdapterConfig.FILE;
    /** Name of the weights. */
    public static final String WEIGHTS = "adapter_model.safetensors";

    private static final String PREFIX = "base_model.model.";
    private static final String BASE_LAYER = ".base_layer.";
    private static final String TOKEN_ADAPTER = ".token_adapter";

    /** What maps hidden states to logits, by the last part of its name. */
    private static final Set<String> HEADS = Set.of("lm_head", "decoder", "vocab_projector");

    private static final Map<String, String> LOCAL = new LinkedHashMap<>();

    /** What the names of embeddings, and of what maps hidden states to logits over the vocabulary, end with. */
    private static final List<String> VOCABULARY = List.of(
            "embed_tokens.weight",
            "wte.weight",
            "word_embeddings.weight",
            "lm_head.weight",
            "lm_head.bias",
            "cls.predictions.bias",
            "vocab_projector.bias");

    static {
        LOCAL.put(".lora_A.weight", PeftAdapter.LORA_A);
        LOCAL.put(".lora_B.weight", PeftAdapter.LORA_B);
        LOCAL.put(".lora_magnitude_vector", PeftAdapter.LORA_MAGNITUDE);
    }

    private AdapterFile() {}

    /** Whether a local folder holds an adapter. */
    public static boolean isAdapter(Path folder) {
        return Files.isRegularFile(folder.resolve(CONFIG));
    }

    /**
     * Reads a folder. The values are mapped, or widened to F32 when they are asked for.
     *
     * @throws RunException when a file is missing or not sound, a setting is not supported, a value is not finite, or a
     *     tensor is not one that the settings explain
     */
    public static PeftAdapter read(Path folder) {
        LoraSettings settings = LoraSettings.read(folder);
        Path file = folder.resolve(WEIGHTS);
        if (!Files.isRegularFile(file) && Files.isRegularFile(folder.resolve("adapter_model.bin"))) {
            throw RunException.data(
                    folder + " has adapter_model.bin only: that is a Python pickle, which runs code when"
                            + " it is read; convert it once in Python by PeftModel.from_pretrained(BASE, DIR)"
                            + ".save_pretrained(DIR)");
        }
        Map<String, TensorData> tensors = new TreeMap<>();
        try (SafetensorsFile weights = SafetensorsFile.open(file)) {
            FiniteWeights.require(weights);
            for (String name : weights.names()) {
                String local = local(file, name);
                if (local != null) {
                    tensors.put(local, floats(weights, name, local));
                }
            }
        }
        PeftAdapter adapter = new PeftAdapter(folder.toString(), settings, tensors);
        requireRows(file, adapter);
        Set<String> adapted = PeftAdapter.adapted(tensors.keySet());
        for (String name : adapter.whole()) {
            if (!isWhole(settings, name, adapted)) {
                throw RunException.data(file + ": tensor " + name + " is neither of a low-rank adapter of a linear, nor"
                        + " one that modules_to_save " + settings.alsoTrained().modulesToSave() + " or bias "
                        + settings.alsoTrained().bias().name().toLowerCase(Locale.ROOT) + " names");
            }
        }
        return adapter;
    }

    private static void requireRows(Path file, PeftAdapter adapter) {
        int tokens = adapter.settings().alsoTrained().trainableTokenIndices().size();
        List<String> rows = adapter.tensors().keySet().stream()
                .filter(name -> name.endsWith(PeftAdapter.TOKEN_ROWS))
                .toList();
        boolean fits = rows.size() == (tokens == 0 ? 0 : 1)
                && rows.stream()
                        .map(name -> adapter.tensors().get(name).shape())
                        .allMatch(shape -> shape.length == 2 && shape[0] == tokens);
        if (!fits) {
            throw RunException.data(file + ": the rows of " + tokens
                    + " trainable_token_indices are looked for, there are " + (rows.isEmpty() ? "none" : rows));
        }
    }

    /** Whether a module maps hidden states to logits. */
    static boolean isHead(String module) {
        return HEADS.contains(module.substring(module.lastIndexOf('.') + 1));
    }

    /** PEFT saves embeddings and output head too where they were resized, or have an adapter. */
    private static boolean isWhole(LoraSettings settings, String name, Set<String> adapted) {
        return settings.saves(name)
                || settings.trainsBias(name, adapted)
                || VOCABULARY.stream().anyMatch(name::endsWith);
    }

    /** Our name of a stored tensor; null for what PEFT stores needlessly. */
    private static String local(Path file, String stored) {
        if (!stored.startsWith(PREFIX)) {
            throw RunException.data(file + ": tensor " + stored.replaceAll("\\p{Cntrl}", "?") + " does not begin with "
                    + PREFIX + "; it is not PEFT's file of an adapter");
        }
        // With bias: all PEFT stores the biases of a module to save two times more, before and after training.
        if (stored.contains(".original_module.") || stored.contains(".modules_to_save.")) {
            return null;
        }
        String name = stored.substring(PREFIX.length());
        int tokens = name.indexOf(TOKEN_ADAPTER);
        // PEFT may store what a tied head has of the table once more.
        if (tokens >= 0 && isHead(name.substring(0, tokens))) {
            return null;
        }
        name = name.replace(TOKEN_ADAPTER + BASE_LAYER, ".");
        for (Map.Entry<String, String> ending : LOCAL.entrySet()) {
            if (name.endsWith(ending.getKey())) {
                return name.substring(0, name.length() - ending.getKey().length()) + ending.getValue();
            }
        }
        return name.replace(BASE_LAYER, ".");
    }

    private static TensorData floats(SafetensorsFile weights, String stored, String name) {
        TensorInfo info = weights.info(stored);
        MappedTensor mapped = MappedTensor.of(weights, stored);
        return new TensorData(name, info.dtype(), info.shape(), () -> mapped).as(TensorType.F32);
    }

    /**
     * The tensors of {@code adapter_model.safetensors} under PEFT's names, in their order.
     *
     * @param tensors by our names, see {@link PeftAdapter#tensors()}
     * @throws IllegalArgumentException for a tensor that the settings do not name
     */
    public static List<TensorData> entries(LoraSettings settings, Map<String, TensorData> tensors) {
        Set<String> adapted = PeftAdapter.adapted(tensors.keySet());
        Map<String, TensorData> entries = new TreeMap<>();
        tensors.forEach((name, tensor) -> {
            String stored = PREFIX
                    + (hasRows(tensors, name) ? beside(name, TOKEN_ADAPTER + BASE_LAYER) : stored(name, adapted));
            boolean rows = name.endsWith(PeftAdapter.TOKEN_ROWS);
            if (!rows && !PeftAdapter.isLora(name) && !isWhole(settings, name, adapted)) {
                throw new IllegalArgumentException(name + " is not a tensor of the adapter");
            }
            entries.put(stored, tensor.named(stored));
        });
        return new ArrayList<>(entries.values());
    }

    private static boolean hasRows(Map<String, TensorData> tensors, String name) {
        return tensors.containsKey(name.substring(0, name.lastIndexOf('.')) + PeftAdapter.TOKEN_ROWS)
                && !name.endsWith(PeftAdapter.TOKEN_ROWS);
    }

    /** A parameter's name with something between its module's and its own. */
    private static String beside(String name, String between) {
        int dot = name.lastIndexOf('.');
        return name.substring(0, dot) + between + name.substring(dot + 1);
    }

    private static String stored(String name, Set<String> adapted) {
        for (Map.Entry<String, String> ending : LOCAL.entrySet()) {
            if (name.endsWith(ending.getValue())) {
                return name.substring(0, name.length() - ending.getValue().length()) + ending.getKey();
            }
        }
        return adapted.contains(name.substring(0, name.lastIndexOf('.'))) ? beside(name, BASE_LAYER) : name;
    }

    /**
     * Writes a folder that PEFT loads, with the model's {@code config.json} and tokenizer beside the adapter, so that a
     * merge knows the classes and the vocabulary.
     *
     * @param base local folder of the base model; its tokenizer files are copied
     * @param config configuration of the model that was trained
     * @param tensors by our names, see {@link PeftAdapter#tensors()}
     * @param more further files by name, instead of the base's where it has them too
     */
    public static void write(
            HfFolderWriter writer,
            Path base,
            HfConfig config,
            LoraSettings settings,
            Map<String, TensorData> tensors,
            ModelCard card,
            Map<String, byte[]> more) {
        LoraSettings named = settings.allLinear()
                ? settings.withTargets(List.copyOf(PeftAdapter.adapted(tensors.keySet())))
                : settings;
        Map<String, byte[]> files = new LinkedHashMap<>(more);
        files.put(HfConfig.FILE, config.toJson());
        files.put(AdapterConfig.FILE, AdapterConfig.write(named, config));
        files.put(HfFolderWriter.CARD, card.toAdapterMarkdown().getBytes(StandardCharsets.UTF_8));
        writer.write(List.of(base), files, Map.of(WEIGHTS, entries(settings, tensors)));
    }
}
