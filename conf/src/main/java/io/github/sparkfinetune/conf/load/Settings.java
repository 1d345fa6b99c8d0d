package io.github.sparkfinetune.conf.load;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.StringReader;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.Tag;

/** Values that files and overrides set, each with the place that set it; the last one wins. */
final class Settings {
    /**
     * A value as written.
     *
     * @param node null for an empty value
     * @param where {@code FILE:LINE} or {@code --set KEY}
     */
    record Setting(Node node, String where) {
        boolean isNull() {
            return node == null || node.getTag().equals(Tag.NULL);
        }
    }

    /** Key that enables the feature of its section. */
    private static final String SWITCH = "enabled";

    private final Map<String, Setting> settings = new HashMap<>();
    private Map<String, Setting> defaults = Map.of();
    /** Places that change the defaults, by key and by section; an empty section counts too. */
    private final Map<String, String> changed = new TreeMap<>();

    /** Returns the setting of a key that is not a section. For a map, {@link #below} has the settings of its keys. */
    Setting get(String path) {
        return settings.get(path);
    }

    /** Returns the settings of a map's keys. */
    Map<String, Setting> below(String path) {
        Map<String, Setting> below = new HashMap<>();
        settings.forEach((key, value) -> {
            if (key.startsWith(path + ".")) {
                below.put(key.substring(path.length() + 1), value);
            }
        });
        return below;
    }

    /** Adds the defaults, which any later value overrides. */
    void addDefaults(String name, String yaml) {
        addFile(name, yaml);
        changed.clear();
        defaults = Map.copyOf(settings);
    }

    /**
     * Rejects a section, even an empty one, that configures a feature but does not enable or disable it.
     *
     * @param section path of any section
     */
    void requireSwitch(String section) {
        String key = Keys.path(section, SWITCH);
        if (!Keys.all().containsKey(key) || changed.containsKey(key)) {
            return;
        }
        changed.forEach((path, where) -> {
            if (path.equals(section) || path.startsWith(section + ".")) {
                throw RunException.config(where + ": " + section + ": nothing is switched on by it: set " + key
                        + " to true, or to false to keep it off");
            }
        });
    }

    void addFile(String name, String yaml) {
        addNode(name, compose(yaml, name));
    }

    /** Adds the settings of a part of a file. */
    void addNode(String name, Node node) {
        add("", node, mark -> name + ":" + (mark.getLine() + 1), name);
    }

    /** Sets a key to a text. */
    void put(String path, String text, String where) {
        settings.put(path, new Setting(new ScalarNode(Tag.STR, text, null, null, ScalarStyle.DOUBLE_QUOTED), where));
    }

    /** Adds an override {@code section.key=value}. */
    void addOverride(String override) {
        int equals = override.indexOf('=');
        if (equals < 1) {
            throw RunException.config("--set " + override + ": expected section.key=value");
        }
        String path = override.substring(0, equals).strip();
        String where = "--set " + path;
        String map = path.contains(".") ? path.substring(0, path.lastIndexOf('.')) : "";
        if (!Keys.all().containsKey(path) && !Keys.isMap(map) && !RenamedKey.contains(path)) {
            throw unknown(path, where);
        }
        add(path, compose(override.substring(equals + 1), where), mark -> where, where);
    }

    /** Sets the values of keys that nothing has set. */
    void fill(Map<String, String> values) {
        values.forEach((path, value) -> {
            if (!changed.containsKey(path)) {
                settings.put(path, new Setting(compose(value, path), path));
            }
        });
    }

    /** Gives the keys of a section or map their defaults; returns false if none was changed. */
    private boolean reset(String path) {
        if (!changed.keySet().removeIf(key -> key.startsWith(path + "."))) {
            return false;
        }
        changed.remove(path);
        settings.keySet().removeIf(key -> key.startsWith(path + "."));
        defaults.forEach((key, value) -> {
            if (key.startsWith(path + ".")) {
                settings.put(key, value);
            }
        });
        return true;
    }

    private interface Place {
        String of(Mark mark);
    }

    static Node compose(String yaml, String name) {
        LoaderOptions options = new LoaderOptions();
        try {
            return new Yaml(new SafeConstructor(options)).compose(new StringReader(yaml));
        } catch (MarkedYAMLException e) {
            String line =
                    e.getProblemMark() == null ? "" : ":" + (e.getProblemMark().getLine() + 1);
            throw RunException.config(name + line + ": is not YAML: " + RunException.oneLine(e.getProblem()));
        } catch (YAMLException e) {
            throw RunException.config(name + ": is not YAML: " + RunException.oneLine(e.getMessage()));
        }
    }

    private void add(String path, Node node, Place place, String top) {
        Setting setting = new Setting(node, node == null ? top : place.of(node.getStartMark()));
        if (RenamedKey.contains(path)) {
            RenamedKey.translate(path, setting, this);
            return;
        }
        if (setting.isNull() && reset(path)) {
            return;
        }
        changed.put(path, setting.where());
        boolean section = Keys.isSection(path);
        if (!section && !Keys.isMap(path)) {
            settings.put(path, setting);
            return;
        }
        if (setting.isNull()) {
            return;
        }
        if (!(node instanceof MappingNode mapping)) {
            throw RunException.config(setting.where() + ": " + (path.isEmpty() ? "the file" : path)
                    + ": expected a section of keys, got " + Scalars.shown(node));
        }
        Set<String> seen = new HashSet<>();
        for (NodeTuple tuple : mapping.getValue()) {
            String where = place.of(tuple.getKeyNode().getStartMark());
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                throw RunException.config(where + ": a key must be a name, got " + Scalars.shown(tuple.getKeyNode()));
            }
            String child = Keys.path(path, key.getValue());
            if (!seen.add(child)) {
                throw RunException.config(where + ": " + child + " is set twice: remove one");
            }
            if (section && !Keys.all().containsKey(child) && !RenamedKey.contains(child)) {
                throw unknown(child, where);
            }
            add(child, tuple.getValueNode(), place, where);
        }
    }

    private static RunException unknown(String path, String where) {
        return RunException.config(where + ": unknown key " + path + Keys.suggestion(path));
    }
}
