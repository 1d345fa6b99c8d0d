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
        ModuleNames targets = method.targets().targetModules();
        if (targets == null) {
            targets = ModuleNames.of(architecture.loraTargets());
        }
        Set<String> saved = new LinkedHashSet<>(method.targets().modulesToSave());
        if (taskType != null) {
            saved.addAll(HEADS.getOrDefault(taskType, List.of()));
        }
        Map<String, Integer> ranks = new LinkedHashMap<>();
        method.targets().rankPattern().forEach((name, rank) -> ranks.put(name, (Integer) rank));
        Map<String, Double> alphas = new LinkedHashMap<>();
        method.targets().alphaPattern().forEach((name, alpha) -> alphas.put(name, ((Number) alpha).doubleValue()));
        try {
            return new LoraSettings(
                    new LoraSettings.Ranks(
                            method.lora().r(),
                            method.lora().loraAlpha(),
                            ranks,
                            alphas,
                            method.lora().useRslora()),
                    new LoraSettings.Targets(
                            targets,
                            architecture
                                    .otherModules()
                                    .map(ModuleNames::matching)
                                    .orElse(null),
                            method.targets().layersToTransform(),
                            List.of()),
                    method.lora().loraDropout(),
                    method.lora().useDora(),
                    new LoraSettings.AlsoTrained(
                            method.lora().bias(),
                            new ArrayList<>(saved),
                            method.targets().trainableTokenIndices()),
                    new LoraSettings.BaseModel(baseModel, taskType, architecture.isConv1d()));
        } catch (RunException e) {
            throw RunException.config("method." + e.getMessage());
        }
    }
}
