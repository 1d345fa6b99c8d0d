package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.MethodConfig.LoraBias;
import io.github.sparkfinetune.conf.ModuleNames;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.arch.Architecture;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * What PEFT's {@code LoraConfig} says about an adapter, under its names (source: {@code peft/tuners/lora/config.py} of
 * PEFT 0.21).
 *
 * @param r rank
 * @param loraAlpha the adapter's output is scaled by lora_alpha / r
 * @param targetModules linears that get an adapter
 * @param excludeModules linears that get none, though {@code targetModules} names them; may be null
 * @param loraDropout rate at which the adapter's input is dropped, [0, 1)
 * @param bias which biases are trained and saved too
 * @param modulesToSave modules that are trained whole and saved with the adapter, by what their names end with
 * @param trainableTokenIndices ids of the tokens whose rows of the embedding table are trained, and saved, by
 *     themselves
 * @param useRslora scale by lora_alpha / √r instead
 * @param useDora with a trained magnitude a row
 * @param rankPattern other ranks by the end of a module's name, a regular expression; the first that matches wins
 * @param alphaPattern other lora_alpha, in the same way
 * @param layersToTransform numbers of the layers that get adapters; empty for all
 * @param layersPattern names of the lists of layers that those numbers count, or empty
 * @param fanInFanOut whether weights are [in, out] (GPT-2); kept for PEFT, a {@link LinearModule} knows by itself
 * @param taskType PEFT's name of the task, e.g. {@code CAUSAL_LM}, or null
 * @param baseModelNameOrPath the model that it was trained for, or null
 */
public record LoraSettings(
        int r,
        double loraAlpha,
        ModuleNames targetModules,
        ModuleNames excludeModules,
        double loraDropout,
        LoraBias bias,
        List<String> modulesToSave,
        List<Integer> trainableTokenIndices,
        boolean useRslora,
        boolean useDora,
        Map<String, Integer> rankPattern,
        Map<String, Double> alphaPattern,
        List<Integer> layersToTransform,
        List<String> layersPattern,
        boolean fanInFanOut,
        String taskType,
        String baseModelNameOrPath) {
    /** Takes every linear but the output head. */
    static final String ALL_LINEAR = "all-linear";

    /** What PEFT trains whole besides, because these heads are new where a task begins. */
    private static final Map<String, List<String>> HEADS = Map.of(
            "SEQ_CLS", List.of("classifier", "score"),
            "TOKEN_CLS", List.of("classifier", "score"),
            "QUESTION_ANS", List.of("qa_outputs"));

    /**
     * Checks the settings.
     *
     * @throws RunException naming the one that is wrong
     */
    public LoraSettings {
        Objects.requireNonNull(targetModules, "targetModules");
        Objects.requireNonNull(bias, "bias");
        check(r >= 1, "r", r, "at least 1");
        check(loraAlpha > 0 && Double.isFinite(loraAlpha), "lora_alpha", loraAlpha, "above 0");
        check(loraDropout >= 0 && loraDropout < 1, "lora_dropout", loraDropout, "in [0, 1)");
        rankPattern.forEach((key, rank) -> check(rank >= 1, "rank_pattern." + key, rank, "at least 1"));
        alphaPattern.forEach(
                (key, alpha) -> check(alpha > 0 && Double.isFinite(alpha), "alpha_pattern." + key, alpha, "above 0"));
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
        check(
                trainableTokenIndices.stream().distinct().filter(id -> id >= 0).count() == trainableTokenIndices.size(),
                "trainable_token_indices",
                trainableTokenIndices,
                "token ids of at least 0, each once");
        modulesToSave = List.copyOf(modulesToSave);
        trainableTokenIndices = List.copyOf(trainableTokenIndices);
        rankPattern = Collections.unmodifiableMap(new LinkedHashMap<>(rankPattern));
        alphaPattern = Collections.unmodifiableMap(new LinkedHashMap<>(alphaPattern));
        layersToTransform = List.copyOf(layersToTransform);
        layersPattern = List.copyOf(layersPattern);
    }

    private static void check(boolean holds, String key, Object value, String rule) {
        if (!holds) {
            throw RunException.data(key + " is " + value + ", must be " + rule);
        }
    }

    /**
     * The settings of a new adapter, with PEFT's choices where the configuration makes none.
     *
     * @param architecture of the base model
     * @param taskType PEFT's name of the task: SEQ_CLS, TOKEN_CLS, QUESTION_ANS, CAUSAL_LM, or null
     * @param baseModel name or path of the base model, as the adapter is to call it
     */
    public static LoraSettings of(MethodConfig method, Architecture architecture, String taskType, String baseModel) {
        ModuleNames targets = method.targetModules();
        if (targets == null) {
            targets = ModuleNames.of(architecture.loraTargets());
        }
        Set<String> saved = new LinkedHashSet<>(method.modulesToSave());
        if (taskType != null) {
            saved.addAll(HEADS.getOrDefault(taskType, List.of()));
        }
        Map<String, Integer> ranks = new LinkedHashMap<>();
        method.rankPattern().forEach((name, rank) -> ranks.put(name, (Integer) rank));
        Map<String, Double> alphas = new LinkedHashMap<>();
        method.alphaPattern().forEach((name, alpha) -> alphas.put(name, ((Number) alpha).doubleValue()));
        try {
            return new LoraSettings(
                    method.r(),
                    method.loraAlpha(),
                    targets,
                    architecture.otherModules().map(ModuleNames::matching).orElse(null),
                    method.loraDropout(),
                    method.bias(),
                    new ArrayList<>(saved),
                    method.trainableTokenIndices(),
                    method.useRslora(),
                    method.useDora(),
                    ranks,
                    alphas,
                    method.layersToTransform(),
                    List.of(),
                    architecture.isConv1d(),
                    taskType,
                    baseModel);
        } catch (RunException e) {
            throw RunException.config("method." + e.getMessage());
        }
    }

    /**
     * Reads {@code adapter_config.json} of a PEFT folder.
     *
     * @throws RunException when it is missing, or names a field that is not supported and not at its default
     */
    public static LoraSettings read(Path folder) {
        return AdapterConfig.read(folder);
    }

    /** Whether the adapter's targets are every linear but the output head. */
    boolean allLinear() {
        return ALL_LINEAR.equalsIgnoreCase(targetModules.expression());
    }

    /** The same with its targets named. */
    LoraSettings withTargets(List<String> names) {
        return with(ModuleNames.of(names), modulesToSave);
    }

    /** The same with more modules that are trained whole, as far as they are not, nor one around them. */
    public LoraSettings saving(List<String> modules) {
        LoraSettings settings = this;
        for (String module : modules) {
            if (!settings.saves(module + ".")) {
                List<String> all = new ArrayList<>(settings.modulesToSave);
                all.add(module);
                settings = settings.with(targetModules, all);
            }
        }
        return settings;
    }

    /** The same with twice the rank everywhere, and the scaling that it had. */
    LoraSettings withTwiceTheRank() {
        double factor = useRslora ? Math.sqrt(2) : 2;
        Map<String, Integer> ranks = new LinkedHashMap<>(rankPattern);
        ranks.replaceAll((module, rank) -> Math.multiplyExact(2, rank));
        Map<String, Double> alphas = new LinkedHashMap<>(alphaPattern);
        alphas.replaceAll((module, alpha) -> factor * alpha);
        return with(2 * r, factor * loraAlpha, targetModules, modulesToSave, ranks, alphas);
    }

    private LoraSettings with(ModuleNames targets, List<String> saved) {
        return with(r, loraAlpha, targets, saved, rankPattern, alphaPattern);
    }

    private LoraSettings with(
            int rank,
            double alpha,
            ModuleNames targets,
            List<String> saved,
            Map<String, Integer> ranks,
            Map<String, Double> alphas) {
        return new LoraSettings(
                rank,
                alpha,
                targets,
                excludeModules,
                loraDropout,
                bias,
                saved,
                trainableTokenIndices,
                useRslora,
                useDora,
                ranks,
                alphas,
                layersToTransform,
                layersPattern,
                fanInFanOut,
                taskType,
                baseModelNameOrPath);
    }

    /**
     * Whether a parameter is trained whole because its module, or one around it, is of {@code modules_to_save}. PEFT
     * asks only that the module's name ends with one of them, so {@code classifier} takes DistilBERT's
     * {@code pre_classifier}.
     *
     * @param parameter full name, e.g. {@code classifier.dense.weight}
     */
    public boolean saves(String parameter) {
        for (int dot = parameter.indexOf('.'); dot >= 0; dot = parameter.indexOf('.', dot + 1)) {
            String module = parameter.substring(0, dot);
            if (modulesToSave.stream().anyMatch(module::endsWith)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether a parameter is a bias that {@code bias} has trained.
     *
     * @param adapted names of the linears with adapters
     */
    public boolean trainsBias(String parameter, Set<String> adapted) {
        if (!parameter.endsWith(".bias")) {
            return false;
        }
        return switch (bias) {
            case NONE -> false;
            case ALL -> true;
            case LORA_ONLY -> adapted.contains(parameter.substring(0, parameter.length() - ".bias".length()));
        };
    }
}
