package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.MethodConfig.LoraBias;
import io.github.sparkfinetune.conf.ModuleNames;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.Architecture;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Settings of an adapter, named as in PEFT's {@code LoraConfig} (source: {@code peft/tuners/lora/config.py} of PEFT
 * 0.21).
 *
 * @param ranks ranks and scaling
 * @param targets linears that get an adapter
 * @param loraDropout rate at which the adapter's input is dropped, [0, 1)
 * @param useDora whether each output has a trained magnitude
 * @param alsoTrained parameters that are trained, and saved with the adapter, besides its matrices
 * @param base model that the adapter belongs to
 */
public record LoraSettings(
        Ranks ranks, Targets targets, double loraDropout, boolean useDora, AlsoTrained alsoTrained, BaseModel base) {
    /**
     * Ranks and scaling of the adapters.
     *
     * @param r rank
     * @param loraAlpha numerator of the scaling lora_alpha / r of the adapter's output
     * @param rankPattern other ranks, by a regular expression for the end of a module's name; the first match wins
     * @param alphaPattern other values of lora_alpha, in the same way
     * @param useRslora whether the scaling is lora_alpha / √r instead
     */
    public record Ranks(
            int r,
            double loraAlpha,
            Map<String, Integer> rankPattern,
            Map<String, Double> alphaPattern,
            boolean useRslora) {

        /**
         * Checks the ranks.
         *
         * @throws RunException if a value is out of range; the message names its key
         */
        public Ranks {
            check(r >= 1, "r", r, "at least 1");
            check(loraAlpha > 0 && Double.isFinite(loraAlpha), "lora_alpha", loraAlpha, "above 0");
            rankPattern.forEach((key, rank) -> check(rank >= 1, "rank_pattern." + key, rank, "at least 1"));
            alphaPattern.forEach((key, alpha) ->
                    check(alpha > 0 && Double.isFinite(alpha), "alpha_pattern." + key, alpha, "above 0"));
            rankPattern = Collections.unmodifiableMap(new LinkedHashMap<>(rankPattern));
            alphaPattern = Collections.unmodifiableMap(new LinkedHashMap<>(alphaPattern));
        }

        /** Returns the same rank for all modules, without patterns. */
        static Ranks same(int r, double loraAlpha) {
            return new Ranks(r, loraAlpha, Map.of(), Map.of(), false);
        }

        /** Returns twice the rank for each module, with the same scaling. */
        Ranks twice() {
            double factor = useRslora ? Math.sqrt(2) : 2;
            Map<String, Integer> ranks = new LinkedHashMap<>(rankPattern);
            ranks.replaceAll((module, rank) -> Math.multiplyExact(2, rank));
            Map<String, Double> alphas = new LinkedHashMap<>(alphaPattern);
            alphas.replaceAll((module, alpha) -> factor * alpha);
            return new Ranks(2 * r, factor * loraAlpha, ranks, alphas, useRslora);
        }
    }

    /**
     * Linears that get an adapter.
     *
     * @param targetModules names of the linears
     * @param excludeModules linears that get no adapter although {@code targetModules} names them; may be null
     * @param layersToTransform indices of the layers that get adapters; empty for all
     * @param layersPattern names of the lists of layers that the indices count, or empty
     */
    public record Targets(
            ModuleNames targetModules,
            ModuleNames excludeModules,
            List<Integer> layersToTransform,
            List<String> layersPattern) {

        /**
         * Checks the targets.
         *
         * @throws RunException if the settings contradict each other; the message names the key
         */
        public Targets {
            Objects.requireNonNull(targetModules, "targetModules");
            layersToTransform.forEach(layer -> check(layer >= 0, "layers_to_transform", layer, "at least 0"));
            check(
                    targetModules.expression() == null || layersToTransform.isEmpty(),
                    "layers_to_transform",
                    layersToTransform,
                    "left out where target_modules is an expression, which names the layers itself");
            check(
                    layersPattern.isEmpty() || !layersToTransform.isEmpty(),
                    "layers_pattern",
                    layersPattern,
                    "used with layers_to_transform");
            layersToTransform = List.copyOf(layersToTransform);
            layersPattern = List.copyOf(layersPattern);
        }

        private Targets with(ModuleNames targets) {
            return new Targets(targets, excludeModules, layersToTransform, layersPattern);
        }
    }

    /**
     * Parameters that are trained besides the adapters, and saved with them.
     *
     * @param bias which biases are trained
     * @param modulesToSave modules that are trained whole, by the ends of their names
     * @param trainableTokenIndices ids of the tokens whose rows of the embedding table are trained and saved separately
     */
    public record AlsoTrained(LoraBias bias, List<String> modulesToSave, List<Integer> trainableTokenIndices) {

        /** Only the adapters are trained. */
        static final AlsoTrained NOTHING = new AlsoTrained(LoraBias.NONE, List.of(), List.of());

        /**
         * Checks the settings.
         *
         * @throws RunException if a token id is negative or repeated
         */
        public AlsoTrained {
            Objects.requireNonNull(bias, "bias");
            check(
                    trainableTokenIndices.stream()
                                    .distinct()
                                    .filter(id -> id >= 0)
                                    .count()
                            == trainableTokenIndices.size(),
                    "trainable_token_indices",
                    trainableTokenIndices,
                    "token ids of at least 0, each once");
            modulesToSave = List.copyOf(modulesToSave);
            trainableTokenIndices = List.copyOf(trainableTokenIndices);
        }

        private AlsoTrained with(List<String> saved) {
            return new AlsoTrained(bias, saved, trainableTokenIndices);
        }
    }

    /**
     * The model that an adapter belongs to.
     *
     * @param baseModelNameOrPath the model's name or path, or null
     * @param taskType PEFT's name of the task, e.g. {@code CAUSAL_LM}, or null
     * @param fanInFanOut whether weights are [in, out] (GPT-2). PEFT reads it; a {@link LinearModule} has its own flag.
     */
    public record BaseModel(String baseModelNameOrPath, String taskType, boolean fanInFanOut) {}

    /**
     * Checks the settings.
     *
     * @throws RunException if lora_dropout is out of range
     */
    public LoraSettings {
        check(loraDropout >= 0 && loraDropout < 1, "lora_dropout", loraDropout, "in [0, 1)");
    }

    private static void check(boolean holds, String key, Object value, String rule) {
        if (!holds) {
            throw RunException.data(key + " is " + value + ", must be " + rule);
        }
    }

    /**
     * Returns the settings of a new adapter, with PEFT's defaults for keys that the configuration leaves out.
     *
     * @param architecture the base model's architecture
     * @param taskType PEFT's name of the task: SEQ_CLS, TOKEN_CLS, QUESTION_ANS, CAUSAL_LM, or null
     * @param baseModel name or path of the base model that the adapter's files state
     */
    public static LoraSettings of(MethodConfig method, Architecture architecture, String taskType, String baseModel) {
        return NewAdapter.settings(method, architecture, taskType, baseModel);
    }

    /**
     * Reads {@code adapter_config.json} of a PEFT folder.
     *
     * @throws RunException if the file is missing, or sets an unsupported field to a value other than its default
     */
    public static LoraSettings read(Path folder) {
        return AdapterConfig.read(folder);
    }

    /** Returns whether the targets are every linear except the output head. */
    boolean allLinear() {
        return ModuleNames.ALL_LINEAR.equalsIgnoreCase(targets.targetModules().expression());
    }

    /** Returns the same settings with named targets. */
    LoraSettings withTargets(List<String> names) {
        return new LoraSettings(ranks, targets.with(ModuleNames.of(names)), loraDropout, useDora, alsoTrained, base);
    }

    /**
     * Returns the same settings with more modules that are trained whole. Modules that are trained already, by
     * themselves or within another module, are left out.
     */
    public LoraSettings saving(List<String> modules) {
        LoraSettings settings = this;
        for (String module : modules) {
            if (!settings.saves(module + ".")) {
                List<String> all = new ArrayList<>(settings.alsoTrained.modulesToSave());
                all.add(module);
                settings = new LoraSettings(ranks, targets, loraDropout, useDora, alsoTrained.with(all), base);
            }
        }
        return settings;
    }

    /** Returns the same settings with twice the rank for each module, and the same scaling. */
    LoraSettings withTwiceTheRank() {
        return new LoraSettings(ranks.twice(), targets, loraDropout, useDora, alsoTrained, base);
    }

    /**
     * Returns whether a parameter is trained whole because {@code modules_to_save} names its module or an enclosing
     * module. PEFT only compares the end of the module's name, so {@code classifier} also matches DistilBERT's
     * {@code pre_classifier}.
     *
     * @param parameter full name, e.g. {@code classifier.dense.weight}
     */
    public boolean saves(String parameter) {
        for (int dot = parameter.indexOf('.'); dot >= 0; dot = parameter.indexOf('.', dot + 1)) {
            String module = parameter.substring(0, dot);
            if (alsoTrained.modulesToSave().stream().anyMatch(module::endsWith)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Returns whether a parameter is a bias that {@link AlsoTrained#bias} trains.
     *
     * @param adapted names of the linears with adapters
     */
    public boolean trainsBias(String parameter, Set<String> adapted) {
        if (!parameter.endsWith(".bias")) {
            return false;
        }
        return switch (alsoTrained.bias()) {
            case NONE -> false;
            case ALL -> true;
            case LORA_ONLY -> adapted.contains(parameter.substring(0, parameter.length() - ".bias".length()));
        };
    }
}
