package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.cli.option.RunOptions;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.job.Jobs;
import io.github.sparkfinetune.job.RunFile;
import io.github.sparkfinetune.spark.doctor.Finding;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code doctor}: reports what is missing on this machine or cluster. */
@Command(
        name = "doctor",
        header = "Report what is missing on this machine or cluster.",
        description = "Java, Spark, PyTorch, processors, disks and connections of the executors; with --config also its"
                + " paths and memory. Exit code 0 if nothing is wrong.",
        footer = "  finetune doctor --config run.yaml --master yarn")
final class DoctorCommand extends SparkCommand {
    @Option(names = "--config", paramLabel = "FILE", description = "The YAML file of a run to look at, too.")
    private String config;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            completionCandidates = RunOptions.Assignments.class,
            description = "Set a key of the configuration, such as cluster.ranks; may be repeated.")
    private List<String> settings = new ArrayList<>();

    DoctorCommand(Jobs.Opener opener) {
        super(opener);
    }

    @Override
    public Integer call() throws IOException {
        RunConfig run = config == null
                ? nothing()
                : RunFile.load(config, settings, null, RunFile::hadoop).get(0).config();
        List<Finding> findings;
        try (Jobs jobs = opener().open(run, local())) {
            findings = jobs.examine(run, config != null);
        }
        findings.forEach(this::show);
        ExitCode worst = findings.stream()
                .map(Finding::code)
                .max(Comparator.comparing(ExitCode::code))
                .orElse(ExitCode.DONE);
        long wrong = findings.stream()
                .filter(finding -> finding.code() != ExitCode.DONE)
                .count();
        say(
                wrong == 0
                        ? "nothing is wrong"
                        : wrong + " of " + findings.size() + " findings are in the way of training");
        return worst.code();
    }

    private RunConfig nothing() {
        return RunConfigLoader.parse(
                "{model: none, task: classification, data: {train: none}, output: {dir: none}}", "--set", settings);
    }

    private void show(Finding finding) {
        String mark = finding.code() != ExitCode.DONE ? "WRONG" : finding.remedy() == null ? "ok" : "note";
        String line = String.format(Locale.ROOT, "%-6s%-12s %s", mark, finding.about(), finding.found());
        say(finding.remedy() == null ? line : line + ": " + finding.remedy());
    }
}
