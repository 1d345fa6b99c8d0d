package io.github.sparkfinetune.spark;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.Predictor;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;

/**
 * A run's model, to be opened in tasks.
 *
 * @param config with absolute paths
 * @param which what of the run is opened
 */
record ModelTask(RunConfig config, Which which, Placement placement, SerializableConfiguration configuration)
        implements Serializable {

    /** A model of a run. */
    enum Which {
        TRAINED,
        BASE
    }

    /** @param tasks how many are computed at once */
    static ModelTask of(SparkContext spark, RunConfig config, Which which, int tasks) {
        return new ModelTask(
                config,
                which,
                Placement.of(spark, config, tasks),
                new SerializableConfiguration(spark.hadoopConfiguration()));
    }

    /** The driver's configuration of the file systems. */
    Configuration hadoop() {
        return configuration.value();
    }

    /** Loads the model in a task, on the device that Spark gave the task; it is closed when the task ends. */
    Predictor open() throws IOException {
        DjlSettings.apply();
        TaskContext context = TaskContext.get();
        Path copy = Files.createTempDirectory("model-");
        context.addTaskCompletionListener((TaskCompletionListener) ended -> delete(copy));
        int gpu = placement.gpu(context);
        int threads = placement.threads(context);
        Predictor predictor = switch (which) {
            case TRAINED -> Predictor.trained(config, hadoop(), copy, gpu, threads);
            case BASE -> Predictor.base(config, hadoop(), copy, gpu, threads);
        };
        context.addTaskCompletionListener((TaskCompletionListener) ended -> predictor.close());
        return predictor;
    }

    /** Deletes a local folder and what is in it. */
    static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
