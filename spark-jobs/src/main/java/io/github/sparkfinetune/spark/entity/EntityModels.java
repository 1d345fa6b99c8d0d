package io.github.sparkfinetune.spark.entity;

import io.github.sparkfinetune.conf.redact.RedactConfig;
import io.github.sparkfinetune.core.predict.EntityModel;
import io.github.sparkfinetune.data.files.LocalDir;
import io.github.sparkfinetune.data.redact.ModelSpans;
import io.github.sparkfinetune.data.redact.Redaction;
import io.github.sparkfinetune.data.redact.RedactionModel;
import io.github.sparkfinetune.data.redact.find.Span;
import io.github.sparkfinetune.spark.cluster.ClusterChecks;
import io.github.sparkfinetune.spark.cluster.ComputingTasks;
import io.github.sparkfinetune.spark.cluster.DjlSettings;
import io.github.sparkfinetune.spark.cluster.LocalDirs;
import io.github.sparkfinetune.spark.cluster.Master;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;

/**
 * The model of {@code data.redact} for tasks, if there is one. The tasks of a JVM share one loaded model.
 *
 * @param model the model, or null without one
 * @param cores cores of an executor, or 0 if only the executor knows them
 * @param configuration the driver's configuration of the file systems, or null without a model
 */
public record EntityModels(RedactionModel model, int cores, SerializableConfiguration configuration)
        implements Serializable {
    /** Longer than the pauses between the jobs of a command, and between the batches of most streams. */
    private static final SharedModels<RedactionModel, Loaded> SHARED = new SharedModels<>(Duration.ofMinutes(1));

    /** Characters for each core between two checks whether the task is killed. */
    private static final int CHARACTERS = 1 << 16;

    /** No model. */
    public static final EntityModels NONE = new EntityModels(null, 0, null);

    private record Loaded(EntityModel model, LocalDir.Held copy) implements AutoCloseable {
        @Override
        public void close() {
            try {
                model.close();
            } finally {
                copy.close();
            }
        }
    }

    /**
     * Returns the model of a redaction.
     *
     * @param redaction redaction, or null if nothing is redacted
     * @throws io.github.sparkfinetune.conf.error.RunException if the model cannot be computed
     */
    public static EntityModels of(SparkContext spark, Redaction redaction) {
        RedactionModel model = redaction == null ? null : redaction.model();
        if (model == null) {
            return NONE;
        }
        try {
            EntityModel.check(model, spark.hadoopConfiguration());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new EntityModels(
                model,
                ClusterChecks.executorCores(spark.getConf(), Master.parse(spark.master())),
                new SerializableConfiguration(spark.hadoopConfiguration()));
    }

    /** Returns the model of {@code data.redact}, as {@link #of(SparkContext, Redaction)} does. */
    public static EntityModels of(SparkContext spark, RedactConfig config) {
        return of(spark, Redaction.of(config));
    }

    /** Returns the number of models that this JVM has loaded. */
    public static long loads() {
        return SHARED.loads();
    }

    /** Returns the spans of the model in a task, until the task ends. */
    public ModelSpans open() {
        if (model == null) {
            return ModelSpans.none();
        }
        TaskContext task = TaskContext.get();
        DjlSettings.apply();
        ComputingTasks.begin(task);
        EntityModel shared;
        try {
            shared = SHARED.take(model, this::load).model();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(model.folder() + " cannot be loaded: " + e.getMessage(), e);
        }
        task.addTaskCompletionListener((TaskCompletionListener) ended -> SHARED.give(model));
        return ModelSpans.of(texts -> find(task, shared, texts));
    }

    /**
     * Returns the spans of the model on the driver. A task computes them, because an executor's processor may round
     * differently.
     */
    public ModelSpans onExecutor(SparkContext spark) {
        if (model == null) {
            return ModelSpans.none();
        }
        EntityModels models = this;
        return ModelSpans.of(texts -> JavaSparkContext.fromSparkContext(spark)
                .parallelize(List.of(new ArrayList<>(texts)), 1)
                .map(all -> new ArrayList<>(models.open().find(all)))
                .first());
    }

    private Loaded load() throws IOException {
        LocalDir.Held copy = LocalDir.in(LocalDirs.first(SparkEnv.get())).own();
        try {
            int threads = cores > 0 ? cores : Runtime.getRuntime().availableProcessors();
            return new Loaded(EntityModel.load(model, configuration.value(), copy.path(), threads), copy);
        } catch (IOException | RuntimeException e) {
            copy.close();
            throw e;
        }
    }

    private List<List<Span>> find(TaskContext task, EntityModel shared, List<String> texts) {
        int most = CHARACTERS * Math.max(1, cores);
        List<List<Span>> found = new ArrayList<>();
        for (int from = 0; from < texts.size(); from = found.size()) {
            if (ComputingTasks.isStopped(task)) {
                throw new TaskKilledException("while entities were searched");
            }
            int to = from;
            for (int characters = 0; to < texts.size() && characters < most; to++) {
                characters += texts.get(to).length();
            }
            found.addAll(shared.find(texts.subList(from, to)));
        }
        return found;
    }
}
