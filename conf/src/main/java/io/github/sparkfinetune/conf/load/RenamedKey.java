package io.github.sparkfinetune.conf.load;

import io.github.sparkfinetune.conf.load.Settings.Setting;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.yaml.snakeyaml.nodes.ScalarNode;

/**
 * A key of the release before. It still works in this release, with a warning.
 *
 * @param key today's key
 * @param values today's values by the former values; the former default has no value
 */
record RenamedKey(String key, Map<String, String> values) {
    private static final Logger LOG = LoggerFactory.getLogger(RenamedKey.class);

    private static final Map<String, RenamedKey> ALL =
            Map.of("cluster.shard_optimizer", new RenamedKey("cluster.shard", Map.of("true", "optimizer")));
    private static final String FORMER_DEFAULT = "false";

    static boolean contains(String path) {
        return ALL.containsKey(path);
    }

    /** Sets today's key to the value of a former key. */
    static void translate(String path, Setting setting, Settings settings) {
        RenamedKey renamed = ALL.get(path);
        String former = setting.node() instanceof ScalarNode scalar ? scalar.getValue() : "";
        String value = renamed.values().get(former);
        if (value != null) {
            LOG.warn(
                    "{}: {} is now {}: {}; the former name will end with the next release",
                    setting.where(),
                    path,
                    renamed.key(),
                    value);
            settings.put(renamed.key(), value, setting.where());
        } else if (!former.equals(FORMER_DEFAULT)) {
            throw Scalars.wrong(path, setting, "true or false");
        }
    }
}
