package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.conf.ModuleNames;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.Quoted;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;

/**
 * Which linears of a model get an adapter, by PEFT's rules (source: {@code check_target_module_exists} in
 * {@code peft/tuners/tuners_utils.py}, {@code get_pattern_key} in {@code peft/utils/other.py}).
 */
public final class LoraTargets {
    private LoraTargets() {}

    /**
     * The linears that get an adapter, in the order given. A list of targets holds full names (which are taken whatever
     * {@code layers_to_transform} says) or what names end with after a dot; a text is a regular expression that a whole
     * name must match, or {@code all-linear}. What {@code exclude_modules} or {@code modules_to_save} names gets none.
     *
     * @throws RunException when there is none, listing what there is
     */
    public static List<LoraModule> match(LoraSettings settings, List<LinearModule> modules) {
        List<LoraModule> matched = new ArrayList<>();
        for (LinearModule module : modules) {
            if (!isExcluded(settings, module) && isTarget(settings, module)) {
                if (settings.saves(module.weight())) {
                    throw RunException.config("target_modules "
                            + Quoted.plain(settings.targets().targetModules().toString()) + " takes " + module.name()
                            + ", which modules_to_save "
                            + Quoted.plain(
                                    settings.alsoTrained().modulesToSave().toString())
                            + " trains whole: name the target modules so that it is not one of them");
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
     * Refuses a list of targets in which a name takes no linear of the model: likely it is misspelt. PEFT lets it pass,
     * so this is for new adapters only.
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
                + " matches no linear of this model; there are " + String.join(", ", parts));
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
