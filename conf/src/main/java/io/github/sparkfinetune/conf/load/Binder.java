package io.github.sparkfinetune.conf.load;

import io.github.sparkfinetune.conf.ClassWeight;
import io.github.sparkfinetune.conf.ColumnNames;
import io.github.sparkfinetune.conf.ModuleNames;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.key.Components;
import io.github.sparkfinetune.conf.load.Settings.Setting;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * Builds the records of the configuration from settings. The type of the key decides how a value is read: {@code label:
 * no} is the text "no", and {@code 1e-4} is a number.
 */
final class Binder {
    private final Settings settings;
    private final String file;

    Binder(Settings settings, String file) {
        this.settings = settings;
        this.file = file;
    }

    RunConfig bind() {
        settings.fill(Usual.of(text("task"), text("method.type")));
        List<String> missing =
                Keys.all().keySet().stream().filter(this::isMissing).toList();
        if (!missing.isEmpty()) {
            throw RunException.config(file + ": " + String.join(", ", missing) + (missing.size() == 1 ? " is" : " are")
                    + " missing: set in the file or with --set " + missing.get(0) + "=VALUE");
        }
        return (RunConfig) section("", RunConfig.class);
    }

    private String text(String path) {
        Setting setting = settings.get(path);
        return setting != null && setting.node() instanceof ScalarNode scalar ? scalar.getValue() : "";
    }

    private boolean isMissing(String path) {
        if (Keys.isSection(path) || Keys.isMap(path) || Keys.isOptional(path)) {
            return false;
        }
        Setting setting = settings.get(path);
        return (setting == null || setting.isNull()) && !hasInstead(Keys.unless(path));
    }

    private boolean hasInstead(String other) {
        Setting setting = settings.get(other);
        return setting != null
                && !setting.isNull()
                && !(setting.node() instanceof SequenceNode list
                        && list.getValue().isEmpty());
    }

    private Object section(String section, Class<?> type) {
        settings.requireSwitch(section);
        RecordComponent[] components = type.getRecordComponents();
        Object[] values = new Object[components.length];
        for (int i = 0; i < values.length; i++) {
            String path = Keys.path(section, components[i]);
            Class<?> inner = components[i].getType();
            if (inner.isRecord()) {
                values[i] = section(path, inner);
            } else if (Keys.isMap(path)) {
                values[i] = map(path);
            } else {
                values[i] = value(path, inner);
            }
        }
        return construct(type, values);
    }

    private Object construct(Class<?> type, Object[] values) {
        try {
            return Components.construct(type.asSubclass(Record.class), values);
        } catch (RunException refused) {
            Setting setting = settings.get(String.valueOf(refused.key()));
            throw RunException.config((setting == null ? file : setting.where()) + ": " + refused.getMessage());
        }
    }

    private Map<String, Object> map(String path) {
        Map<String, Object> values = new LinkedHashMap<>();
        settings.below(path).forEach((key, setting) -> {
            if (setting.isNull()) {
                throw RunException.config(setting.where() + ": " + path + "." + key + ": expected a value");
            }
            values.put(key, new Plain().construct(setting.node()));
        });
        return values;
    }

    private Object value(String path, Class<?> type) {
        Setting setting = settings.get(path);
        if (setting.isNull()) {
            return null;
        }
        if (type == List.class) {
            return list(path, setting);
        }
        if (type == ModuleNames.class) {
            return setting.node() instanceof ScalarNode scalar
                    ? ModuleNames.matching(scalar.getValue())
                    : ModuleNames.of(texts(path, setting));
        }
        if (type == ColumnNames.class) {
            return ColumnNames.of(
                    setting.node() instanceof ScalarNode scalar ? List.of(scalar.getValue()) : texts(path, setting));
        }
        if (type == ClassWeight.class) {
            return classWeight(path, setting);
        }
        return Scalars.read(path, setting, type);
    }

    private List<?> list(String path, Setting setting) {
        Class<?> element = Keys.elements(path);
        if (element == String.class) {
            return texts(path, setting);
        }
        if (element.isRecord()) {
            return records(path, setting, element);
        }
        List<Object> values = new ArrayList<>();
        for (ScalarNode item : items(path, setting, element.isEnum() ? "a list" : "a list of whole numbers")) {
            Setting one = new Setting(item, setting.where());
            values.add(Scalars.read(path, one, element));
        }
        return values;
    }

    private List<Object> records(String path, Setting setting, Class<?> type) {
        if (!(setting.node() instanceof SequenceNode sequence)) {
            throw Scalars.wrong(path, setting, "a list");
        }
        List<Object> records = new ArrayList<>();
        for (Node item : sequence.getValue()) {
            records.add(record(path + "[" + records.size() + "]", new Setting(item, setting.where()), type));
        }
        return records;
    }

    /** Builds a record of a list, in which every component must be set. */
    private Object record(String path, Setting setting, Class<?> type) {
        List<RecordComponent> components = List.of(type.getRecordComponents());
        List<String> names =
                components.stream().map(component -> Keys.path("", component)).toList();
        if (!(setting.node() instanceof MappingNode mapping)) {
            throw Scalars.wrong(path, setting, "a section of the keys " + String.join(", ", names));
        }
        Object[] values = new Object[names.size()];
        for (NodeTuple tuple : mapping.getValue()) {
            int place = tuple.getKeyNode() instanceof ScalarNode key ? names.indexOf(key.getValue()) : -1;
            if (place < 0) {
                throw RunException.config(setting.where() + ": " + path + ": unknown key "
                        + Scalars.shown(tuple.getKeyNode()) + ", it has " + String.join(", ", names));
            }
            Setting value = new Setting(tuple.getValueNode(), setting.where());
            values[place] = Scalars.read(
                    Keys.path(path, names.get(place)),
                    value,
                    components.get(place).getType());
        }
        int missing = Arrays.asList(values).indexOf(null);
        if (missing >= 0) {
            throw RunException.config(setting.where() + ": " + Keys.path(path, names.get(missing)) + " is missing");
        }
        return construct(type, values);
    }

    private static List<String> texts(String path, Setting setting) {
        return items(path, setting, "a list of texts").stream()
                .map(ScalarNode::getValue)
                .toList();
    }

    private static List<ScalarNode> items(String path, Setting setting, String expected) {
        if (!(setting.node() instanceof SequenceNode sequence)
                || !sequence.getValue().stream().allMatch(ScalarNode.class::isInstance)) {
            throw Scalars.wrong(path, setting, expected);
        }
        return sequence.getValue().stream().map(ScalarNode.class::cast).toList();
    }

    private static ClassWeight classWeight(String path, Setting setting) {
        if (setting.node() instanceof ScalarNode scalar && scalar.getValue().equals(ClassWeight.BALANCED)) {
            return ClassWeight.balanced();
        }
        if (!(setting.node() instanceof MappingNode mapping)) {
            throw Scalars.wrong(path, setting, ClassWeight.BALANCED + " or numbers by label");
        }
        Map<String, Double> weights = new LinkedHashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            if (!(tuple.getKeyNode() instanceof ScalarNode label)) {
                throw Scalars.wrong(path, new Setting(tuple.getKeyNode(), setting.where()), "the name of a label");
            }
            String key = path + "." + label.getValue();
            if (weights.put(label.getValue(), Scalars.number(key, new Setting(tuple.getValueNode(), setting.where())))
                    != null) {
                throw RunException.config(setting.where() + ": " + key + " is set twice: remove one");
            }
        }
        return ClassWeight.of(weights);
    }

    /** Constructs free values as YAML types them: numbers, texts, booleans, and lists and maps of these. */
    private static final class Plain extends SafeConstructor {
        Plain() {
            super(new LoaderOptions());
        }

        Object construct(Node node) {
            return constructDocument(node);
        }
    }
}
