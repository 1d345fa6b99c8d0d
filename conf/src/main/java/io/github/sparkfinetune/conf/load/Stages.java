package io.github.sparkfinetune.conf.load;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;

/**
 * Reads the runs of a file. Without a section {@code pipeline} the file is one run; with the section each named stage
 * is a run, whose settings override those of the rest of the file. A stage's {@code output.dir} is the folder of its
 * name in the file's {@code output.dir}. A stage that sets no {@code model} starts from the model of the stage before,
 * with any adapter merged.
 */
final class Stages {
    private static final String PIPELINE = "pipeline";
    private static final String OUTPUT = "output.dir";
    private static final String MODEL = "model";

    private final String defaults;
    private final String file;
    private final Node own;
    private final List<String> overrides;

    private Stages(String defaults, String file, Node own, List<String> overrides) {
        this.defaults = defaults;
        this.file = file;
        this.own = own;
        this.overrides = overrides;
    }

    /**
     * Reads a file.
     *
     * @param defaults text of the defaults
     * @param overrides as for {@link RunConfigLoader#load}; {@code pipeline.STAGE.key=value} sets a key of one stage
     */
    static List<Stage> read(String defaults, String yaml, String file, List<String> overrides) {
        Node root = Settings.compose(yaml, file);
        NodeTuple pipeline = find(root);
        if (pipeline == null) {
            return List.of(Stage.only(new Stages(defaults, file, root, overrides).only()));
        }
        String where = file + ":" + (pipeline.getKeyNode().getStartMark().getLine() + 1);
        if (!(pipeline.getValueNode() instanceof MappingNode stages)
                || stages.getValue().isEmpty()) {
            throw RunException.config(where + ": pipeline: expected stages by name, each with its settings, got "
                    + Scalars.shown(pipeline.getValueNode()));
        }
        MappingNode rest = (MappingNode) root;
        rest.getValue().remove(pipeline);
        return new Stages(defaults, file, rest, overrides).all(stages);
    }

    private static NodeTuple find(Node root) {
        if (root instanceof MappingNode mapping) {
            for (NodeTuple tuple : mapping.getValue()) {
                if (tuple.getKeyNode() instanceof ScalarNode key
                        && key.getValue().equals(PIPELINE)) {
                    return tuple;
                }
            }
        }
        return null;
    }

    private Settings settings() {
        Settings settings = new Settings();
        settings.addDefaults("defaults.yaml", defaults);
        settings.addNode(file, own);
        return settings;
    }

    private RunConfig only() {
        Settings settings = settings();
        overrides.forEach(settings::addOverride);
        return new Binder(settings, file).bind();
    }

    private List<Stage> all(MappingNode pipeline) {
        List<Stage> stages = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (NodeTuple stage : pipeline.getValue()) {
            String where = file + ":" + (stage.getKeyNode().getStartMark().getLine() + 1);
            if (!(stage.getKeyNode() instanceof ScalarNode key)
                    || !key.getValue().matches("[A-Za-z0-9][\\w-]*")) {
                throw RunException.config(where + ": pipeline: a stage's name is letters, digits, - and _, got "
                        + Scalars.shown(stage.getKeyNode()));
            }
            if (names.contains(key.getValue())) {
                throw RunException.config(where + ": pipeline: " + key.getValue() + " is there twice: rename one");
            }
            names.add(key.getValue());
        }
        overrides.stream().filter(Stages::isOfStage).forEach(override -> requireStage(override, names));
        for (int i = 0; i < names.size(); i++) {
            String before = stages.isEmpty() ? null : model(stages.get(i - 1).config());
            Node node = pipeline.getValue().get(i).getValueNode();
            stages.add(new Stage(names.get(i), stage(names.get(i), node, before)));
        }
        return stages;
    }

    private RunConfig stage(String name, Node node, String before) {
        Settings settings = settings();
        override(settings, key -> true);
        Settings.Setting output = settings.get(OUTPUT);
        if (output != null && output.node() instanceof ScalarNode dir && !output.isNull()) {
            settings.put(OUTPUT, dir.getValue() + "/" + name, output.where());
        }
        if (before != null) {
            settings.put(MODEL, before, "pipeline." + name);
        }
        settings.addNode(file, node);
        // The command line's value for all stages overrides the file's value for one stage.
        override(settings, key -> !key.equals(OUTPUT) && !key.equals(MODEL));
        String prefix = PIPELINE + "." + name + ".";
        overrides.stream()
                .filter(override -> override.startsWith(prefix))
                .forEach(override -> settings.addOverride(override.substring(prefix.length())));
        return new Binder(settings, file).bind();
    }

    private void override(Settings settings, Predicate<String> keys) {
        overrides.stream()
                .filter(override -> !isOfStage(override))
                .filter(override -> keys.test(override.split("=", 2)[0].strip()))
                .forEach(settings::addOverride);
    }

    private static boolean isOfStage(String override) {
        return override.startsWith(PIPELINE + ".");
    }

    private static void requireStage(String override, List<String> names) {
        if (names.stream().noneMatch(name -> override.startsWith(PIPELINE + "." + name + "."))) {
            throw RunException.config("--set " + override + ": the pipeline has the stages " + String.join(", ", names)
                    + ": pipeline.STAGE.key=value sets a key of one");
        }
    }

    private static String model(RunConfig stage) {
        MethodConfig method = stage.method();
        return method.isLora() ? RunConfigLoader.merged(stage) : stage.output().model();
    }
}
