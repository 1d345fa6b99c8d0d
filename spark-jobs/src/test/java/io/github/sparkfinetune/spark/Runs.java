package io.github.sparkfinetune.spark;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.testing.LibraryDefaults;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Configurations for tests. */
public final class Runs {
    private Runs() {}

    /** Returns a run of two ranks that writes to {@code folder}/run. */
    public static RunConfig in(Path folder, String... overrides) {
        List<String> all = new ArrayList<>(
                List.of("cluster.ranks=2", "cluster.timeout_seconds=5", "output.dir=" + folder.resolve("run")));
        all.addAll(List.of(overrides));
        String yaml = "model: " + folder + "/model\ntask: classification\ndata: {train: " + folder + "/mails.jsonl}\n";
        return RunConfigLoader.parse(yaml, "test.yaml", LibraryDefaults.with(all));
    }
}
