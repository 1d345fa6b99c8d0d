package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.spark.cluster.DjlSettings;
import io.github.sparkfinetune.spark.cluster.Placement;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
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
public record ModelTask(RunConfig config, Which which, Placement placement, SerializableConfiguration configuration)
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
        context.addTaskCompletionListener((TaskCompletionListener) ended -> HadoopFiles.deleteLocal(copy));
        int gpu = placement.gpu(context);
        int threads = placement.threads(context);
        Predictor predictor = switch (which) {
            case TRAINED -> Predictor.trained(config, hadoop(), copy, gpu, threads);
            case BASE -> Predictor.base(config, hadoop(), copy, gpu, threads);
        };
        context.addTaskCompletionListener((TaskCompletionListener) ended -> predictor.close());
        return predictor;
    }
}
