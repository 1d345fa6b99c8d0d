package io.github.sparkfinetune.extra.evidence;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.spark.group.GroupJob;
import io.github.sparkfinetune.spark.group.GroupsFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * The group of a run that {@code run --per COLUMN} trained. Its folders are named by a value of the column, such as a
 * patient, and evidence holds no value of a row.
 *
 * @param names texts that hold the value, and their replacements; empty for a run of no group
 */
record EvidenceGroup(List<Map.Entry<String, String>> names) {
    static final EvidenceGroup NONE = new EvidenceGroup(List.of());

    private static final String UNNAMED = "GROUP";

    /** @param output output folder of a run */
    static EvidenceGroup of(Path output, Configuration hadoop) throws IOException {
        Path runs = output.getParent();
        if (runs == null || runs.getParent() == null) {
            return NONE;
        }
        return GroupsFile.read(runs.getParent(), hadoop)
                .map(groups -> of(output, groups.column()))
                .orElse(NONE);
    }

    private static EvidenceGroup of(Path output, String column) {
        String runs = output.getParent().getName();
        List<Map.Entry<String, String>> names = new ArrayList<>();
        // Hadoop's paths have the name as it is, URIs with escapes.
        for (String name : List.of(
                output.getName(),
                new Path("/" + output.getName()).toUri().getRawPath().substring(1))) {
            names.add(Map.entry(runs + "/" + name, runs + "/" + UNNAMED));
            String folder = GroupJob.folder(column, "");
            names.add(Map.entry(folder + name, folder + UNNAMED));
        }
        return new EvidenceGroup(List.copyOf(names));
    }

    /** Returns the run with a name without the value. */
    RunConfig named(RunConfig run) {
        return names.isEmpty() || run.training().runName() != null
                ? run
                : RunConfigLoader.parse(
                        RunConfigLoader.toYaml(run),
                        "evidence",
                        List.of(RunConfigLoader.override("training.run_name", UNNAMED)));
    }

    /** Returns a text without the value. */
    String without(String text) {
        String clean = text;
        for (Map.Entry<String, String> name : names) {
            clean = clean.replace(name.getKey(), name.getValue());
        }
        return clean;
    }
}
