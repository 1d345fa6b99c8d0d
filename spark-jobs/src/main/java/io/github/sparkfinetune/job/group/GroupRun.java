package io.github.sparkfinetune.job.group;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Keys;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hf.Sha256;
import io.github.sparkfinetune.job.Console;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.Pipeline;
import io.github.sparkfinetune.report.GroupsReport;
import io.github.sparkfinetune.report.Reports;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.group.GroupConfigs;
import io.github.sparkfinetune.spark.group.GroupJob;
import io.github.sparkfinetune.spark.group.GroupsFile;
import io.github.sparkfinetune.spark.run.Lease;
import io.github.sparkfinetune.spark.run.Settings;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;

/**
 * Runs for the values of a column: each group of rows has a run of its own in {@code groups/VALUE}, with the same bits
 * as if {@code run} had read only the group's rows. {@value GroupsFile#FILE} lists the groups.
 */
public final class GroupRun {
    private static final String ROWS = "rows";

    private final RunConfig run;
    private final String column;
    private final Jobs jobs;
    private final Console console;
    private final int together;
    private final RunFolder folder;

    /**
     * @param run settings of all runs
     * @param column column of the groups
     * @param together groups at a time
     */
    public GroupRun(RunConfig run, String column, int together, Jobs jobs, Console console) throws IOException {
        if (together < 1) {
            throw RunException.config("--together " + together + ": expected at least 1");
        }
        this.run = run;
        this.column = column;
        this.jobs = jobs;
        this.console = console;
        this.together = together;
        this.folder = RunFolder.of(run, jobs.hadoop());
    }

    /**
     * Prepares, trains and evaluates each group. A group that fails does not end the others; the same command runs
     * failed and missing groups again.
     *
     * @throws RunException if the run has no rows to evaluate on, or a group failed
     */
    public void run() throws IOException {
        Pipeline.requireRowsToEvaluate(run);
        fit();
    }

    /**
     * Does the same as {@link #run}, but evaluates only if the run has rows to evaluate on.
     *
     * @throws RunException if a group failed
     */
    public void fit() throws IOException {
        Lease lease = lease();
        try {
            requireFree();
            train();
        } finally {
            lease.release(false);
        }
    }

    private Lease lease() throws IOException {
        return Lease.ofCommand(new Path(run.output().dir()), jobs.hadoop());
    }

    private void train() throws IOException {
        if (!run.data().corpus().sources().isEmpty()) {
            throw RunException.config(
                    "data.corpus.sources: the share of a source is not defined by group: set data.train"
                            + " to run once for each " + column);
        }
        List<GroupJob.Group> groups = jobs.groups(run, Sources.paths(run.data()), column, folder.shown(ROWS))
                .groups();
        Map<String, RunConfig> runs = new LinkedHashMap<>();
        groups.forEach(group -> runs.put(group.value(), GroupConfigs.training(run, column, group)));
        new GroupsFile(column, Settings.of(run), List.copyOf(runs.keySet()))
                .write(new Path(run.output().dir()), jobs.hadoop());
        console.say("groups    " + groups.size() + " by " + column);
        Map<String, String> failures = new Groups(jobs, console, together).each(runs, Groups::train);
        List<GroupsReport.Group> results = new ArrayList<>();
        Map<String, String> folders = new LinkedHashMap<>();
        for (GroupJob.Group group : groups) {
            folders.put(group.value(), GroupsFile.path(group.value()));
            results.add(new GroupsReport.Group(
                    group.value(),
                    runs.get(group.value()),
                    group.sources().get("data.train").count(),
                    failures.get(group.value())));
        }
        Reports.write(folder, column, results, folders, jobs.hadoop());
        console.say("report    " + folder.shown(RunFolder.REPORT));
        refuse(failures, groups.size());
    }

    private static void refuse(Map<String, String> failures, int groups) {
        if (!failures.isEmpty()) {
            Map.Entry<String, String> first = failures.entrySet().iterator().next();
            throw RunException.data(failures.size() + " of " + groups + " groups failed, the first one is "
                    + first.getKey() + ": " + first.getValue()
                    + "; correct it and start the same command again, finished groups stay");
        }
    }

    private void requireFree() throws IOException {
        Optional<GroupsFile> before = GroupsFile.read(new Path(run.output().dir()), jobs.hadoop());
        if (before.isEmpty() && folder.has(RunFolder.RUN_YAML)) {
            throw RunException.config(
                    "output.dir: " + run.output().dir() + " holds a run without --per: choose another output.dir");
        }
        if (before.isPresent()) {
            List<String> differences =
                    new ArrayList<>(Settings.differences(before.get().settings(), Settings.of(run), Keys::mayChange));
            if (!before.get().column().equals(column)) {
                differences.add("--per was " + before.get().column());
            }
            if (!differences.isEmpty()) {
                throw RunException.config("output.dir: " + run.output().dir() + " holds other groups ("
                        + String.join(", ", differences)
                        + "): choose another output.dir, or use the same settings to continue");
            }
        }
    }

    /**
     * Predicts each row with the model of its group, and writes Parquet files to {@code OUTPUT/COLUMN=VALUE}. An
     * interrupted prediction goes on with the same command.
     *
     * @throws RunException if a value has no model, or the output holds something else
     */
    public void predict(String input, String output) throws IOException {
        GroupsFile known = GroupsFile.require(new Path(run.output().dir()), jobs.hadoop());
        known.requireColumn(column);
        Lease lease = lease();
        try {
            predict(known, input, output);
        } finally {
            lease.release(false);
        }
    }

    private void predict(GroupsFile known, String input, String output) throws IOException {
        String asked = Sha256.of((input + "\n" + output).getBytes(StandardCharsets.UTF_8));
        Path rows = new Path(folder.shown("input-" + asked.substring(0, 16)));
        GroupJob.Grouped grouped = jobs.groups(run, Map.of("--input", input), column, rows.toString());
        List<String> unknown = grouped.groups().stream()
                .map(GroupJob.Group::value)
                .filter(value -> !known.groups().contains(value))
                .toList();
        if (!unknown.isEmpty()) {
            String more = unknown.size() == 1 ? "" : " and " + (unknown.size() - 1) + " more";
            throw RunException.data("--input: there is no model for " + column + " " + unknown.get(0) + more
                    + ": train with run --per on rows of it, or remove these rows");
        }
        Map<String, RunConfig> runs = new LinkedHashMap<>();
        Map<String, String> inputs = new LinkedHashMap<>();
        Map<String, String> dependencies = new TreeMap<>(grouped.of());
        for (GroupJob.Group group : grouped.groups()) {
            RunConfig one = GroupConfigs.predicting(run, column, group.value());
            dependencies.put("the model of " + group.value(), jobs.predictionDigest(one));
            inputs.put(group.value(), group.sources().get("--input").folder());
            runs.put(group.value(), one);
        }
        GroupedOutput written = GroupedOutput.open(output, dependencies, jobs.hadoop());
        for (String value : List.copyOf(runs.keySet())) {
            if (written.isFinished(GroupJob.folder(column, value))) {
                runs.remove(value);
            }
        }
        Map<String, String> failures = new Groups(jobs, console, together)
                .each(
                        runs,
                        (work, value, one) -> work.predict(
                                value, one, inputs.get(value), output + "/" + GroupJob.folder(column, value)));
        refuse(failures, grouped.groups().size());
        written.finish();
        HadoopFiles.discard(HadoopFiles.fileSystem(rows, jobs.hadoop()), rows);
    }
}
