package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.error.RunException;
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
 * PEFT's folder of an adapter: {@code adapter_config.json} and {@code adapter_model.safetensors}. The weights' names
 * are (source: {@code peft/utils/save_and_load.py}):
 *
 * <ul>
 *   <li>A tensor of the adapter: {@code base_model.model.MODULE.lora_A.weight}. DoRA's magnitude is
 *       {@code lora_magnitude_vector}, without {@code weight}.
 *   <li>A parameter that is trained whole: {@code base_model.model.NAME}.
 *   <li>A parameter of a linear that has an adapter: {@code base_model.model.MODULE.base_layer.bias}.
 *   <li>An embedding table that is saved with its trained rows:
 *       {@code base_model.model.MODULE.token_adapter.base_layer.weight}.
 * </ul>
 */
public final class AdapterFile {
    /** Name of the settings file, which distinguishes an adapter's folder from a model's. */
    public static final String CONFIG = AdapterConfig.FILE;
    /** Name of the weights file. */
    public static final String WEIGHTS = "adapter_model.safetensors";

    private static final String PREFIX = "base_model.model.";
    private static final String BASE_LAYER = ".base_layer.";
    private static final String TOKEN_ADAPTER = ".token_adapter";

    /** Modules that map hidden states to logits, by the last part of their names. */
    private static final Set<String> HEADS = Set.of("lm_head", "decoder", "vocab_projector");

    private static final Map<String, String> LOCAL = new LinkedHashMap<>();

    /** Ends of the names of embeddings, and of parameters that map hidden states to logits over the vocabulary. */
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

    /** Returns whether a local folder holds an adapter. */
    public static boolean isAdapter(Path folder) {
        return Files.isRegularFile(folder.resolve(CONFIG));
    }

    /**
     * Reads a folder. F32 values are mapped; values of other types are widened to F32 on demand.
     *
     * @throws RunException if a file is missing or corrupt, a setting is not supported, a value is not finite, or the
     *     settings do not explain a tensor
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
            if (!isTrainedWhole(settings, name, adapted)) {
                throw RunException.data(file + ": tensor " + name + " belongs to no low-rank adapter of a linear, and"
                        + " neither modules_to_save " + settings.alsoTrained().modulesToSave() + " nor bias "
                        + settings.alsoTrained().bias().name().toLowerCase(Locale.ROOT) + " names it");
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
            throw RunException.data(file + ": expected the rows of " + tokens + " trainable_token_indices, found "
                    + (rows.isEmpty() ? "none" : rows));
        }
    }

    /** Returns whether a module maps hidden states to logits. */
    static boolean isHead(String module) {
        return HEADS.contains(module.substring(module.lastIndexOf('.') + 1));
    }

    /**
     * Returns whether a parameter is trained whole. PEFT also saves embeddings and the output head if they were
     * resized, or have an adapter.
     */
    private static boolean isTrainedWhole(LoraSettings settings, String name, Set<String> adapted) {
        return settings.saves(name)
                || settings.trainsBias(name, adapted)
                || VOCABULARY.stream().anyMatch(name::endsWith);
    }

    /** Returns the name of a stored tensor in {@link PeftAdapter}; null for a tensor that PEFT stores needlessly. */
    private static String local(Path file, String stored) {
        if (!stored.startsWith(PREFIX)) {
            throw RunException.data(file + ": tensor " + stored.replaceAll("\\p{Cntrl}", "?") + " does not begin with "
                    + PREFIX + "; it is not PEFT's file of an adapter");
        }
        // With "bias: all" PEFT stores the biases of a module to save twice more, before and after training.
        if (stored.contains(".original_module.") || stored.contains(".modules_to_save.")) {
            return null;
        }
        String name = stored.substring(PREFIX.length());
        int tokens = name.indexOf(TOKEN_ADAPTER);
        // PEFT may store the table's rows again for a tied head.
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
     * Returns the tensors of {@code adapter_model.safetensors} under PEFT's names, in PEFT's order.
     *
     * @param tensors tensors by their names in {@link PeftAdapter#tensors()}
     * @throws IllegalArgumentException if the settings do not name a tensor
     */
    public static List<TensorData> entries(LoraSettings settings, Map<String, TensorData> tensors) {
        Set<String> adapted = PeftAdapter.adapted(tensors.keySet());
        Map<String, TensorData> entries = new TreeMap<>();
        tensors.forEach((name, tensor) -> {
            String stored = PREFIX
                    + (hasRows(tensors, name) ? inserted(name, TOKEN_ADAPTER + BASE_LAYER) : stored(name, adapted));
            boolean rows = name.endsWith(PeftAdapter.TOKEN_ROWS);
            if (!rows && !PeftAdapter.isLora(name) && !isTrainedWhole(settings, name, adapted)) {
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

    /** Returns a parameter's name with a text between the module's name and the parameter's own. */
    private static String inserted(String name, String between) {
        int dot = name.lastIndexOf('.');
        return name.substring(0, dot) + between + name.substring(dot + 1);
    }

    private static String stored(String name, Set<String> adapted) {
        for (Map.Entry<String, String> ending : LOCAL.entrySet()) {
            if (name.endsWith(ending.getValue())) {
                return name.substring(0, name.length() - ending.getValue().length()) + ending.getKey();
            }
        }
        return adapted.contains(name.substring(0, name.lastIndexOf('.'))) ? inserted(name, BASE_LAYER) : name;
    }

    /**
     * Writes a folder that PEFT loads. The model's {@code config.json} and tokenizer are written beside the adapter, so
     * that a merge knows the classes and the vocabulary.
     *
     * @param base local folder of the base model, whose tokenizer files are copied
     * @param config configuration of the trained model
     * @param tensors tensors by their names in {@link PeftAdapter#tensors()}
     * @param more further files by name; they replace files of the base with the same name
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
