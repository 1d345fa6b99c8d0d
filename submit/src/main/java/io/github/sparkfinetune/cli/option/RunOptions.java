package io.github.sparkfinetune.cli.option;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.Keys;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.job.RunFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options of every command that works on a run. */
public final class RunOptions {
    /** Names of the options. */
    public static final List<String> NAMES = List.of("--config", "--set", "--stage");

    @Option(
            names = "--config",
            required = true,
            paramLabel = "FILE",
            description = "The run's YAML file; may be a URI (hdfs:, s3a:).")
    private String config;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            completionCandidates = Assignments.class,
            description = "Set a key of the configuration; may be repeated.")
    private List<String> overrides = new ArrayList<>();

    @Option(names = "--stage", paramLabel = "NAME", description = "The stage of a pipeline to work on.")
    private String stage;

    /**
     * Reads the selected runs of the file: its only run, all stages of its pipeline, or the named stage.
     *
     * @param more keys that other options of the command set, as {@code --set} does
     * @throws RunException as {@link RunConfigLoader#load}, and if the stage does not exist
     */
    public List<Stage> load(List<String> more) throws IOException {
        List<String> all = new ArrayList<>(overrides);
        all.addAll(more);
        return RunFile.load(config, all, stage, RunFile::hadoop);
    }

    /** Returns whether the options name a run. */
    public boolean nameRun() {
        return config != null;
    }

    /** Returns the output folder, if {@code --set} names it. */
    public Optional<String> outputDir() {
        String key = "output.dir=";
        return overrides.stream()
                .filter(override -> override.startsWith(key))
                .reduce((first, last) -> last)
                .map(override -> override.substring(key.length()));
    }

    /** Shell completions for {@code --set}: {@code section.key=}. */
    public static final class Assignments implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Keys.settable().stream().map(key -> key + "=").iterator();
        }
    }
}
