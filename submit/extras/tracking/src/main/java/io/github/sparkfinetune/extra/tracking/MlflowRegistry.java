package io.github.sparkfinetune.extra.tracking;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.Http;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.spark.run.ModelRegistry;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Aliases of MLflow's model registry for the models of runs. */
public final class MlflowRegistry implements ModelRegistry {
    private static final Http.Times TIMES = new Http.Times(3, Duration.ofSeconds(10), Duration.ofMillis(500));

    @Override
    public Optional<Version> version(String outputDir, Configuration hadoop) {
        Path file = new Path(outputDir, MlflowRun.FILE);
        try {
            String text = HadoopFiles.readText(HadoopFiles.fileSystem(file, hadoop), file);
            ObjectNode kept = JsonFiles.parseObject(text, file.toString());
            return kept.has(MlflowRun.VERSION)
                    ? Optional.of(new Version(
                            kept.path(MlflowRun.URI).asText(),
                            kept.path(MlflowRun.NAME).asText(),
                            kept.path(MlflowRun.VERSION).asText()))
                    : Optional.empty();
        } catch (FileNotFoundException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    @Override
    public void setAlias(Version version, String alias, Map<String, String> environment) {
        setAlias(version, alias, environment, TIMES);
    }

    static void setAlias(Version version, String alias, Map<String, String> environment, Http.Times times) {
        Map<String, String> variables = new HashMap<>(environment);
        variables.putIfAbsent(MlflowSettings.ADDRESS, version.trackingUri());
        MlflowSettings settings = MlflowSettings.of(variables);
        if (!settings.endpoint().toString().equals(version.trackingUri())) {
            throw RunException.config("MLflow: " + version + " is at " + version.trackingUri() + ", but "
                    + MlflowSettings.ADDRESS + " is " + settings.endpoint() + ": correct it, or unset it");
        }
        try {
            new MlflowApi(settings, times).alias(version.name(), alias, version.version());
        } catch (IOException e) {
            throw new UncheckedIOException("MLflow: " + settings.endpoint() + ": " + e.getMessage(), e);
        }
    }
}
