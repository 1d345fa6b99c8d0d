package io.github.sparkfinetune.cli;

import io.github.sparkfinetune.conf.RunException;
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

/** The options of every command that works on a run. */
final class RunOptions {
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

    @Option(names = "--stage", paramLabel = "NAME", description = "Of a pipeline, the stage that is meant.")
    private String stage;

    /**
     * Reads the runs that are meant: the file's only one, all stages of its pipeline, or the one that is named.
     *
     * @throws RunException as {@link RunConfigLoader#load}, and if there is no such stage
     */
    List<Stage> load() throws IOException {
        return RunFile.load(config, overrides, stage, RunFile::hadoop);
    }

    /** The output folder, as far as {@code --set} says it. */
    Optional<String> outputDir() {
        String key = "output.dir=";
        return overrides.stream()
                .filter(override -> override.startsWith(key))
                .reduce((first, last) -> last)
                .map(override -> override.substring(key.length()));
    }

    /** What a shell completes behind {@code --set}: {@code section.key=}. */
    static final class Assignments implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Keys.settable().stream().map(key -> key + "=").iterator();
        }
    }
}
