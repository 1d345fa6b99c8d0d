package io.github.sparkfinetune.spark.group;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import java.util.ArrayList;
import java.util.List;

/** Configurations of the runs of groups, which differ from the configuration of all by folders and names only. */
public final class GroupConfigs {
    private GroupConfigs() {}

    /**
     * Returns the run that trains a group on its rows.
     *
     * @param run settings of all runs
     * @param column column of the groups
     * @throws RunException if the group has no rows to train on
     */
    public static RunConfig training(RunConfig run, String column, GroupJob.Group group) {
        if (!group.sources().containsKey("data.train")) {
            throw RunException.data("--per " + column + ": " + group.value() + " has rows in "
                    + String.join(", ", group.sources().keySet()) + " and none to train on: remove them");
        }
        // A held-out source without rows of the group is none for the group's run.
        List<String> overrides = new ArrayList<>(List.of("data.eval=null", "data.test=null", "data.held_out={}"));
        group.sources().forEach((key, rows) -> overrides.add(RunConfigLoader.override(key, rows.folder())));
        return of(run, column, group.value(), overrides);
    }

    /** Returns the run of a group, whose rows are Parquet. */
    public static RunConfig predicting(RunConfig run, String column, String value) {
        return of(run, column, value, List.of());
    }

    private static RunConfig of(RunConfig run, String column, String value, List<String> overrides) {
        List<String> all = new ArrayList<>(overrides);
        all.add("data.format=parquet");
        all.add(RunConfigLoader.override("output.dir", run.output().dir() + "/" + GroupsFile.path(value)));
        all.add(RunConfigLoader.override("training.run_name", run.runName() + "-" + value));
        if (run.data().dir() != null) {
            all.add(RunConfigLoader.override("data.dir", run.data().dir() + "/" + GroupJob.name(value)));
        }
        return RunConfigLoader.with(run, "--per " + column, all);
    }
}
