package io.github.sparkfinetune.spark;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.checkpoint.ModelFolder;
import io.github.sparkfinetune.core.train.Predictor;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;

/**
 * A trained model, to be opened in tasks.
 *
 * @param uri its folder
 * @param batchSize samples computed at once
 */
record ModelTask(String uri, int batchSize, Placement placement, SerializableConfiguration hadoop)
        implements Serializable {

    /**
     * Loads the model in a task, on the device that Spark gave the task; it is closed when the task ends.
     *
     * @param labels names of the labels that it must know, by id, or null for any
     */
    Predictor open(List<String> labels) throws IOException {
        DjlSettings.apply();
        TaskContext context = TaskContext.get();
        Path copy = Files.createTempDirectory("model-");
        context.addTaskCompletionListener((TaskCompletionListener) ended -> delete(copy));
        Path folder = ModelFolder.fetch(uri, hadoop.value(), copy);
        Predictor predictor = new Predictor(folder, placement.gpu(context), placement.threads(context), batchSize);
        context.addTaskCompletionListener((TaskCompletionListener) ended -> predictor.close());
        if (labels != null && !labels.equals(predictor.labels())) {
            throw RunException.data("the model in " + uri + " knows the labels " + predictor.labels()
                    + ", the dataset has " + labels + ": use the dataset that the model was trained on");
        }
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
