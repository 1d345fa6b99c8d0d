package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;

/** Reads a run's YAML file from any file system. */
public final class RunFile {
    private RunFile() {}

    /**
     * Reads the selected runs of a file: its only run, all stages of its pipeline, or the named stage.
     *
     * @param config path or URI of the file
     * @param stage name of the stage, or null
     * @param configuration configuration of the URI's file system
     * @throws RunException as {@link RunConfigLoader#load}, and if the stage does not exist
     */
    public static List<Stage> load(
            String config, List<String> overrides, String stage, Supplier<Configuration> configuration)
            throws IOException {
        return chosen(read(config, overrides, configuration), config, stage);
    }

    /**
     * Returns the named stage, or all stages.
     *
     * @param config name of the file in errors
     * @param stage name of the stage, or null
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

    /** Returns the names of stages, for messages. */
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
            String what = config + ": cannot be read: " + e.getMessage();
            throw HadoopFiles.isUnavailable(e) ? RunException.failed(what, e) : RunException.config(what);
        }
        return RunConfigLoader.parseStages(text, config, overrides);
    }

    /**
     * Returns the configuration of a session: spark-submit's {@code spark.hadoop.*} settings have an object store's
     * keys.
     */
    public static Configuration hadoop() {
        return SparkHadoopUtil.get().newConfiguration(new SparkConf());
    }
}
