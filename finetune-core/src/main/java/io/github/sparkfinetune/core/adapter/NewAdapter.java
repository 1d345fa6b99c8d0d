package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.ModuleNames;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.Architecture;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Settings of a new adapter, from the configuration's {@code method} section and PEFT's defaults. */
final class NewAdapter {
    /** Modules that PEFT also trains whole, because a task's head is new. */
    private static final Map<String, List<String>> HEADS = Map.of(
            "SEQ_CLS", List.of("classifier", "score"),
            "TOKEN_CLS", List.of("classifier", "score"),
            "QUESTION_ANS", List.of("qa_outputs"));

    private NewAdapter() {}

    /** Returns the settings; see {@link LoraSettings#of}. */
    static LoraSettings settings(MethodConfig method, Architecture architecture, String taskType, String baseModel) {
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
                    new LoraSettings.Ranks(method.r(), method.loraAlpha(), ranks, alphas, method.useRslora()),
                    new LoraSettings.Targets(
                            targets,
                            architecture
                                    .otherModules()
                                    .map(ModuleNames::matching)
                                    .orElse(null),
                            method.layersToTransform(),
                            List.of()),
                    method.loraDropout(),
                    method.useDora(),
                    new LoraSettings.AlsoTrained(method.bias(), new ArrayList<>(saved), method.trainableTokenIndices()),
                    new LoraSettings.BaseModel(baseModel, taskType, architecture.isConv1d()));
        } catch (RunException e) {
            throw RunException.config("method." + e.getMessage());
        }
    }
}
