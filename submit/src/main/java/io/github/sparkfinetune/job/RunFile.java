package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;

/** A run's YAML file, here or on any file system. */
public final class RunFile {
    private RunFile() {}

    /**
     * Reads the runs that are meant: the file's only one, all stages of its pipeline, or the one that is named.
     *
     * @param config the file's path, or its URI
     * @param stage or null
     * @param configuration of the file system that a URI names
     * @throws RunException as {@link RunConfigLoader#load}, and if there is no such stage
     */
    public static List<Stage> load(
            String config, List<String> overrides, String stage, Supplier<Configuration> configuration)
            throws IOException {
        return chosen(read(config, overrides, configuration), config, stage);
    }

    /**
     * The stage that is meant, or all.
     *
     * @param config how errors call the file
     * @param stage or null
     */
    public static List<Stage> chosen(List<Stage> stages, String config, String stage) {
        if (stage == null) {
            return stages;
        }
        return List.of(stages.stream()
                .filter(one -> one.name().equals(stage))
                .findFirst()
                .orElseThrow(() -> RunException.config("--stage " + stage + ": " + config + " has "
                        + (stages.get(0).name().isEmpty() ? "no pipeline" : "the stages " + names(stages)))));
    }

    /** The names of stages, for messages. */
    public static String names(List<Stage> stages) {
        return stages.stream().map(Stage::name).collect(Collectors.joining(", "));
    }

    private static List<Stage> read(String config, List<String> overrides, Supplier<Configuration> configuration)
            throws IOException {
        if (!config.matches("[A-Za-z][A-Za-z0-9+.-]+:.*")) {
            return RunConfigLoader.loadStages(Path.of(config), overrides);
        }
        org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(config);
        String text;
        try {
            text = HadoopFiles.readText(HadoopFiles.open(path, configuration.get()), path);
        } catch (IOException e) {
            String what = config + ": can not be read: " + e.getMessage();
            throw HadoopFiles.isUnavailable(e) ? RunException.failed(what, e) : RunException.config(what);
        }
        return RunConfigLoader.parseStages(text, config, overrides);
    }

    /** As a session has it: spark-submit's {@code spark.hadoop.*} settings hold an object store's keys. */
    public static Configuration hadoop() {
        return SparkHadoopUtil.get().newConfiguration(new SparkConf());
    }
}
