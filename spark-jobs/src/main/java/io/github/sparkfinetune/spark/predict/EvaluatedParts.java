package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.calibration.Calibration;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.predict.References;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.spark.cluster.ComputingTasks;
import io.github.sparkfinetune.spark.cluster.LocalDirs;
import io.github.sparkfinetune.spark.run.RowFile;
import io.github.sparkfinetune.spark.run.RowFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;

/**
 * Predictions of a model on a split, in consecutive parts with one file each. Every task computes the same number of
 * parts. The footer of a file records its inputs, so a repeated evaluation computes only the missing parts.
 *
 * @param folder folder of the files
 * @param parts number of parts, a multiple of {@code tasks}
 * @param madeOf digest of everything that the rows depend on
 */
record EvaluatedParts(
        ModelTask model, Manifest manifest, String split, String folder, int tasks, int parts, String madeOf)
        implements FlatMapFunction<Iterator<Integer>, Integer> {
    /** Tokens of a part: some minutes of a language model, seconds of a small encoder. */
    private static final long TOKENS = 256L << 10;
    /** Answers of a part. An answer takes seconds. */
    private static final long ANSWERS = 256;

    private static final long MOST_PARTS = 50_000;

    EvaluatedParts {
        if (parts < tasks || parts % tasks != 0) {
            throw new IllegalArgumentException(parts + " parts for " + tasks + " tasks");
        }
    }

    /**
     * Splits the rows of a split into parts.
     *
     * @param tasks number of tasks, at most one per row
     */
    static EvaluatedParts of(ModelTask model, Manifest manifest, String split, String folder, int tasks)
            throws IOException {
        return of(model, manifest, split, folder, tasks, partsOfATask(model, manifest.split(split), tasks));
    }

    /** @param each number of parts of a task */
    static EvaluatedParts of(ModelTask model, Manifest manifest, String split, String folder, int tasks, int each)
            throws IOException {
        int parts = (int) Math.min((long) tasks * each, manifest.split(split).rows() / tasks * tasks);
        return new EvaluatedParts(model, manifest, split, folder, tasks, parts, madeOf(model, manifest, split));
    }

    private static int partsOfATask(ModelTask model, DatasetSplit split, int tasks) {
        TaskSpec spec = TaskSpecs.of(model.config());
        long parts = spec.answerColumns().isEmpty() ? split.tokens() / TOKENS : split.rows() / ANSWERS;
        return (int) Math.max(1, Math.min(parts, MOST_PARTS) / tasks);
    }

    private static String madeOf(ModelTask model, Manifest manifest, String split) throws IOException {
        Map<String, String> settings = ModelTask.settings(model.config(), model.hadoop());
        settings.put("manifest", manifest.toJson());
        // The rows hold probabilities as they are, before and after the model is calibrated.
        settings.keySet()
                .removeAll(List.of("predict.coverage", "predict.conformity_score", "the model's " + Calibration.FILE));
        settings.put("split", split);
        settings.put("which", model.which().name());
        ContentHash hash = new ContentHash.Digest().of(settings.toString().getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().toHexDigits(hash.first()) + HexFormat.of().toHexDigits(hash.second());
    }

    @Override
    public Iterator<Integer> call(Iterator<Integer> numbers) throws Exception {
        int task = numbers.next();
        List<Integer> missing = new ArrayList<>();
        for (int part = parts / tasks * task; part < parts / tasks * (task + 1); part++) {
            if (!RowFile.isThere(file(part), madeOf(part), model.hadoop())) {
                missing.add(part);
            }
        }
        if (!missing.isEmpty()) {
            write(missing);
        }
        return Collections.singleton(missing.size()).iterator();
    }

    private void write(List<Integer> missing) throws Exception {
        Configuration hadoop = model.hadoop();
        RowType<?> type = TaskSpecs.of(model.config()).evaluationRows();
        try (SampleSource samples = References.withReferences(
                model.config(),
                manifest,
                split,
                ParquetSamples.open(new Path(model.config().dataset()), manifest, split, hadoop),
                hadoop,
                LocalDirs.first(SparkEnv.get()))) {
            Predictor predictor = model.open();
            for (int part : missing) {
                Iterator<? extends Record> rows = predictor.evaluate(samples, manifest.labels(), part, parts);
                RowFile.write(file(part), type, ComputingTasks.rows(TaskContext.get(), rows), madeOf(part), hadoop);
            }
        }
    }

    private Path file(int part) {
        return RowFolder.part(new Path(folder), part);
    }

    private String madeOf(int part) {
        return madeOf + ", part " + part + " of " + parts;
    }
}
