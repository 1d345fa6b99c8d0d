package io.github.sparkfinetune.core.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.MethodConfig.LoraBias;
import io.github.sparkfinetune.conf.ModuleNames;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * PEFT's {@code adapter_config.json}. A field belongs to {@link LoraSettings}, does not affect what the adapter
 * computes, or must be off.
 */
final class AdapterConfig {
    static final String FILE = "adapter_config.json";

    /** The version of PEFT whose layout is written. */
    private static final String PEFT_VERSION = "0.21.2";

    private static final String PEFT_TYPE = "peft_type";
    private static final String INIT = "init_lora_weights";
    private static final String TOKENS = "trainable_token_indices";

    /** Fields of {@link LoraSettings}. */
    private static final Set<String> READ = Set.of(
            "r",
            "lora_alpha",
            "target_modules",
            "exclude_modules",
            "lora_dropout",
            "bias",
            "modules_to_save",
            TOKENS,
            "use_rslora",
            "use_dora",
            "rank_pattern",
            "alpha_pattern",
            "layers_to_transform",
            "layers_pattern",
            "fan_in_fan_out",
            "task_type",
            "base_model_name_or_path",
            PEFT_TYPE,
            INIT);

    /**
     * Fields that do not change what is computed. They say how PEFT found the model's class and revision, which version
     * wrote the file, and whether the adapter is used or trained. Parameters of methods that other fields switch on
     * (megatron_config, use_qalora) and a field that PEFT itself ignores in a file (runtime_config) are here too.
     */
    private static final Set<String> HARMLESS = Set.of(
            "auto_mapping",
            "inference_mode",
            "peft_version",
            "revision",
            "megatron_core",
            "qalora_group_size",
            "runtime_config");

    /** Fields of PEFT's methods that are not supported, at the values that switch them off. */
    private static final Map<String, Object> OFF = off();

    private AdapterConfig() {}

    private static Map<String, Object> off() {
        Map<String, Object> off = new TreeMap<>();
        for (String key : List.of(
                "alora_invocation_tokens",
                "arrow_config",
                "corda_config",
                "eva_config",
                "kasa_config",
                "layer_replication",
                "lora_ga_config",
                "megatron_config",
                "monteclora_config",
                "target_parameters",
                "use_bdlora",
                "velora_config")) {
            off.put(key, JsonNodeFactory.instance.nullNode());
        }
        off.put("loftq_config", JsonNodeFactory.instance.objectNode());
        for (String key : List.of("ensure_weight_tying", "lora_bias", "use_qalora")) {
            off.put(key, JsonNodeFactory.instance.booleanNode(false));
        }
        return off;
    }

    static LoraSettings read(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            throw RunException.data(folder + " has no " + FILE + ": give a PEFT adapter's folder, as a run with"
                    + " method.type: lora or qlora writes it");
        }
        JsonFields fields = new JsonFields(file, JsonFiles.readObject(file));
        refuseOthers(fields);
        try {
            return new LoraSettings(
                    new LoraSettings.Ranks(
                            fields.integer("r", 8),
                            fields.number("lora_alpha", 8),
                            fields.integers("rank_pattern"),
                            fields.numbers("alpha_pattern"),
                            fields.flag("use_rslora")),
                    new LoraSettings.Targets(
                            targets(fields),
                            fields.names("exclude_modules"),
                            fields.integerList("layers_to_transform"),
                            fields.texts("layers_pattern")),
                    fields.number("lora_dropout", 0),
                    fields.flag("use_dora"),
                    new LoraSettings.AlsoTrained(bias(fields), fields.texts("modules_to_save"), tokens(fields)),
                    new LoraSettings.BaseModel(
                            fields.text("base_model_name_or_path"),
                            fields.text("task_type"),
                            fields.flag("fan_in_fan_out")));
        } catch (RunException e) {
            String message = e.getMessage();
            throw message.startsWith(file.toString()) ? e : RunException.data(file + ": " + message, e);
        }
    }

    /** Returns the token ids of the embedding table, which PEFT may name. The ids of any other module are refused. */
    private static List<Integer> tokens(JsonFields fields) {
        JsonNode value = fields.tree().path(TOKENS);
        if (!value.isObject()) {
            return fields.integerList(TOKENS);
        }
        Map<String, List<Integer>> byModule = fields.integerLists(TOKENS);
        if (byModule.size() != 1 || byModule.keySet().stream().anyMatch(AdapterFile::isHead)) {
            throw fields.bad(TOKENS, "indices of the embedding table alone; a tied head follows the table");
        }
        return byModule.values().iterator().next();
    }

    private static void refuseOthers(JsonFields fields) {
        String type = fields.text(PEFT_TYPE);
        if (!"LORA".equals(type)) {
            throw fields.bad(PEFT_TYPE, "LORA");
        }
        JsonNode init = fields.tree().path(INIT);
        // The initial A and B do not matter once both are in the file. The refused values also change the base's
        // weights (pissa, olora, corda, lora_ga, loftq), the ranks (eva) or what is trained (mica).
        boolean plain = init.isMissingNode()
                || init.isNull()
                || init.isBoolean()
                || Set.of("gaussian", "orthogonal").contains(init.asText());
        if (!plain) {
            throw fields.bad(INIT, "true, gaussian or orthogonal");
        }
        Iterator<Map.Entry<String, JsonNode>> all = fields.tree().fields();
        while (all.hasNext()) {
            Map.Entry<String, JsonNode> field = all.next();
            String key = field.getKey();
            if (!READ.contains(key) && !HARMLESS.contains(key) && !isOff(field.getValue())) {
                throw OFF.containsKey(key)
                        ? fields.bad(key, "left out: spark-finetune does not support it")
                        : RunException.data(fields.file() + ": unknown field " + key + " is set ("
                                + JsonFields.shown(field.getValue())
                                + "); the adapter needs a method that spark-finetune"
                                + " does not know");
            }
        }
    }

    /** Returns whether a value is PEFT's default for a new field: null, false or empty. */
    private static boolean isOff(JsonNode value) {
        return value.isNull()
                || (value.isBoolean() && !value.booleanValue())
                || (value.isContainerNode() && value.isEmpty());
    }

    private static ModuleNames targets(JsonFields fields) {
        ModuleNames targets = fields.names("target_modules");
        if (targets == null) {
            throw fields.bad("target_modules", "a string or a list of names");
        }
        return targets;
    }

    private static LoraBias bias(JsonFields fields) {
        String bias = fields.text("bias");
        for (LoraBias value : LoraBias.values()) {
            if (value.name().toLowerCase(Locale.ROOT).equals(bias == null ? "none" : bias)) {
                return value;
            }
        }
        throw fields.bad("bias", "none, all or lora_only");
    }

    /**
     * Returns the file's bytes, with every field that PEFT writes.
     *
     * @param model configuration of the trained model
     */
    static byte[] write(LoraSettings settings, HfConfig model) {
        Map<String, Object> fields = new TreeMap<>(OFF);
        fields.put(
                "alpha_pattern",
                settings.ranks().alphaPattern().entrySet().stream()
                        .collect(
                                LinkedHashMap::new, (map, e) -> map.put(e.getKey(), plain(e.getValue())), Map::putAll));
        fields.put("auto_mapping", settings.base().taskType() == null ? autoMapping(model) : null);
        fields.put("base_model_name_or_path", settings.base().baseModelNameOrPath());
        fields.put("bias", settings.alsoTrained().bias().name().toLowerCase(Locale.ROOT));
        fields.put("exclude_modules", settings.targets().excludeModules());
        fields.put("fan_in_fan_out", settings.base().fanInFanOut());
        fields.put("inference_mode", true);
        fields.put(INIT, true);
        fields.put("layers_pattern", orNull(settings.targets().layersPattern()));
        fields.put("layers_to_transform", orNull(settings.targets().layersToTransform()));
        fields.put("lora_alpha", plain(settings.ranks().loraAlpha()));
        fields.put("lora_dropout", settings.loraDropout());
        fields.put("megatron_core", "megatron.core");
        fields.put("modules_to_save", orNull(settings.alsoTrained().modulesToSave()));
        fields.put(PEFT_TYPE, "LORA");
        fields.put("peft_version", PEFT_VERSION);
        fields.put("qalora_group_size", 16);
        fields.put("r", settings.ranks().r());
        fields.put("rank_pattern", settings.ranks().rankPattern());
        fields.put("revision", null);
        fields.put("target_modules", settings.targets().targetModules());
        fields.put("task_type", settings.base().taskType());
        fields.put(TOKENS, orNull(settings.alsoTrained().trainableTokenIndices()));
        fields.put("use_dora", settings.useDora());
        fields.put("use_rslora", settings.ranks().useRslora());
        ObjectNode tree = JsonFiles.tree(fields);
        return JsonFiles.pretty(tree);
    }

    /** Returns where PEFT finds the base model's class if the file names no task. */
    private static Map<String, String> autoMapping(HfConfig model) {
        String module = model.modelType().replace('-', '_');
        return model.architectures().isEmpty()
                ? null
                : Map.of(
                        "base_model_class",
                        model.architectures().get(0),
                        "parent_library",
                        "transformers.models." + module + ".modeling_" + module);
    }

    private static List<?> orNull(List<?> values) {
        return values.isEmpty() ? null : values;
    }

    /** Returns a whole number without a fraction, as PEFT's users write it. */
    private static Number plain(double value) {
        return value == Math.rint(value) && value <= Integer.MAX_VALUE ? (Number) (int) value : (Number) value;
    }
}
