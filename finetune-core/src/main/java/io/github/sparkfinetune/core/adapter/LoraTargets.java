package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.ModuleNames;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.Quoted;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;

/**
 * Choice of the linears that get an adapter, by PEFT's rules (source: {@code check_target_module_exists} in
 * {@code peft/tuners/tuners_utils.py}, {@code get_pattern_key} in {@code peft/utils/other.py}).
 */
public final class LoraTargets {
    private LoraTargets() {}

    /**
     * Returns the linears that get an adapter, in the order of {@code modules}. A list of targets holds full names or
     * the last parts of names after a dot. Full names are taken whatever {@code layers_to_transform} says. A single
     * text is {@code all-linear}, or a regular expression that must match the whole name. Linears that
     * {@code exclude_modules} or {@code modules_to_save} names get no adapter.
     *
     * @throws RunException if no linear matches; the message lists the linears
     */
    public static List<LoraModule> match(LoraSettings settings, List<LinearModule> modules) {
        List<LoraModule> matched = new ArrayList<>();
        for (LinearModule module : modules) {
            if (!isExcluded(settings, module) && isTarget(settings, module)) {
                if (settings.saves(module.weight())) {
                    throw RunException.config("target_modules "
                            + Quoted.plain(settings.targets().targetModules().toString()) + " matches " + module.name()
                            + ", which modules_to_save "
                            + Quoted.plain(
                                    settings.alsoTrained().modulesToSave().toString())
                            + " trains whole: name target modules that do not include it");
                }
                matched.add(adapted(settings, module));
            }
        }
        if (matched.isEmpty()) {
            throw nothingMatches(settings.targets().targetModules().toString(), modules);
        }
        return matched;
    }

    /**
     * Refuses a list of targets in which a name matches no linear of the model, because the name is probably misspelt.
     * PEFT accepts such a list, so only new adapters are checked.
     */
    public static void checkNames(LoraSettings settings, List<LinearModule> modules) {
        for (String name : settings.targets().targetModules().names()) {
            if (modules.stream().noneMatch(module -> named(module.name(), name))) {
                throw nothingMatches(name, modules);
            }
        }
    }

    private static RunException nothingMatches(String targets, List<LinearModule> modules) {
        List<String> parts =
                modules.stream().map(LinearModule::lastPart).distinct().toList();
        return RunException.config("target_modules: " + Quoted.plain(targets)
                + " matches no linear of this model; its linears are " + String.join(", ", parts));
    }

    private static boolean isExcluded(LoraSettings settings, LinearModule module) {
        ModuleNames exclude = settings.targets().excludeModules();
        if (exclude != null && matches("exclude_modules", exclude, module.name())) {
            return true;
        }
        return settings.alsoTrained().modulesToSave().stream()
                .anyMatch(saved -> ModuleExpression.of("modules_to_save", "(^|.*\\.)" + saved + "($|\\..*)")
                        .findAtStart(module.name())
                        .isPresent());
    }

    private static boolean isTarget(LoraSettings settings, LinearModule module) {
        ModuleNames targets = settings.targets().targetModules();
        if (settings.allLinear()) {
            return !module.outputHead();
        }
        if (!matches("target_modules", targets, module.name())) {
            return false;
        }
        return settings.targets().layersToTransform().isEmpty()
                || targets.names().contains(module.name())
                || settings.targets().layersToTransform().contains(layer(settings, module));
    }

    private static int layer(LoraSettings settings, LinearModule module) {
        if (settings.targets().layersPattern().isEmpty()) {
            return module.layer();
        }
        for (String layers : settings.targets().layersPattern()) {
            String expression = "(?:^|.*?\\.)" + layers + "\\.(?<idx>\\d{1,6})\\.";
            Optional<Matcher> found =
                    ModuleExpression.of("layers_pattern", expression).findAtStart(module.name());
            if (found.isPresent()) {
                return Integer.parseInt(found.get().group("idx"));
            }
        }
        return -1;
    }

    private static boolean matches(String key, ModuleNames names, String module) {
        if (names.expression() != null) {
            return ModuleExpression.of(key, names.expression()).matches(module);
        }
        return names.names().stream().anyMatch(name -> named(module, name));
    }

    private static boolean named(String module, String name) {
        return module.equals(name) || module.endsWith("." + name);
    }

    private static LoraModule adapted(LoraSettings settings, LinearModule module) {
        int r = first("rank_pattern", settings.ranks().rankPattern(), module.name())
                .orElse(settings.ranks().r());
        double alpha = first("alpha_pattern", settings.ranks().alphaPattern(), module.name())
                .orElse(settings.ranks().loraAlpha());
        double scaling = alpha / (settings.ranks().useRslora() ? Math.sqrt(r) : r);
        return new LoraModule(module, r, scaling, settings.loraDropout(), settings.useDora());
    }

    private static <T> Optional<T> first(String key, Map<String, T> patterns, String module) {
        return patterns.entrySet().stream()
                .filter(entry -> ModuleExpression.of(key, "(.*\\.)?(" + entry.getKey() + ")")
                        .matches(module))
                .map(Map.Entry::getValue)
                .findFirst();
    }
}
