package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.task.ExampleColumns;
import io.github.sparkfinetune.core.task.MeasuredRows;
import io.github.sparkfinetune.core.task.TaskRows;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/** Computes the scores of a split from the predictions of the trained model and of the base model. */
final class PredictionScores {
    /** Number of answers in the report. */
    private static final int SHOWN = 8;
    /** Number of pairs of labels in the report, if there are many labels. */
    private static final int CONFUSED = 100;

    private PredictionScores() {}

    /**
     * Returns the scores of a split.
     *
     * @param trained predictions of the trained model
     * @param base predictions of the base model, or null if it is not measured
     * @param own whether the report shows rows of this split
     */
    static Scores of(
            RunConfig config, Manifest manifest, String split, Dataset<Row> trained, Dataset<Row> base, boolean own) {
        TaskSpec spec = TaskSpecs.of(config);
        Metrics metrics = metrics(config, trained, manifest.labels());
        if (base == null) {
            return ofPredictions(spec, manifest, split, trained, metrics)
                    .with(spec.exampleColumns()
                            .filter(columns -> own)
                            .map(columns -> ShownExamples.of(columns, spec.keyColumns(), trained))
                            .orElse(List.of()));
        }
        return Scores.ofText(
                split,
                metrics.values(),
                metrics(config, base, manifest.labels()).values(),
                own ? answers(spec, trained, base) : List.of());
    }

    private static Scores ofPredictions(
            TaskRows spec, Manifest manifest, String split, Dataset<Row> predictions, Metrics metrics) {
        if (metrics.confusion().length > 0) {
            return Scores.ofLabels(split, metrics.values(), manifest.labels(), metrics.confusion());
        }
        Optional<ExampleColumns> columns = spec.exampleColumns()
                .filter(names ->
                        predictions.schema().apply(names.expected()).dataType().equals(DataTypes.StringType));
        return columns.isPresent() && !metrics.byLabel().isEmpty()
                ? Scores.ofManyLabels(split, metrics.values(), metrics.byLabel(), confused(columns.get(), predictions))
                : Scores.ofFigures(split, metrics.values(), metrics.byLabel());
    }

    /** Returns the most frequent pairs of a label and a different predicted label. */
    static List<Scores.Confused> confused(ExampleColumns columns, Dataset<Row> predictions) {
        Column label = functions.col(columns.expected());
        Column predicted = functions.col(columns.predicted());
        return predictions
                .where(label.notEqual(predicted))
                .groupBy(label, predicted)
                .count()
                .orderBy(functions.col("count").desc(), label, predicted)
                .limit(CONFUSED)
                .collectAsList()
                .stream()
                .map(row -> new Scores.Confused(row.getString(0), row.getString(1), row.getLong(2)))
                .toList();
    }

    /**
     * Returns the metrics of predictions.
     *
     * @param config configuration of the run that predicted
     * @param labels names of the dataset's labels by id
     */
    static Metrics metrics(RunConfig config, Dataset<Row> predictions, List<String> labels) {
        MeasuredRows<?> empty = TaskSpecs.of(config).measuredRows(labels);
        Dataset<Row> measured = TaskSpecs.of(config)
                .rankingColumns()
                .map(columns -> ExactRanks.of(predictions, columns))
                .orElse(predictions);
        double[][] whole = columns(measured, empty.type().names())
                .toJavaRDD()
                .mapPartitions(rows -> Collections.singleton(
                                numbers(Rows.measured(TaskSpecs.of(config).measuredRows(labels), rows)))
                        .iterator())
                // The last sum is also computed on an executor, so that the driver gets one result instead of one per
                // partition.
                .treeAggregate(
                        numbers(empty.metrics()),
                        (a, b) -> merged(config, labels, a, b),
                        (a, b) -> merged(config, labels, a, b),
                        2,
                        true);
        return empty.metrics().of(whole[0], whole[1]);
    }

    private static double[][] numbers(Metrics metrics) {
        return new double[][] {metrics.counts(), metrics.observations()};
    }

    private static double[][] merged(RunConfig config, List<String> labels, double[][] a, double[][] b) {
        return numbers(
                TaskSpecs.of(config).measuredRows(labels).metrics().ofParts(List.of(a[0], b[0]), List.of(a[1], b[1])));
    }

    /** Returns the first answers of both models to the same prompts. */
    private static List<Scores.Answer> answers(TaskRows spec, Dataset<Row> trained, Dataset<Row> base) {
        if (spec.answerColumns().isEmpty()) {
            return List.of();
        }
        List<Row> trainedRows = shown(spec, trained);
        List<Row> baseRows = shown(spec, base);
        List<Scores.Answer> answers = new ArrayList<>();
        for (int i = 0; i < trainedRows.size(); i++) {
            Row row = trainedRows.get(i);
            answers.add(new Scores.Answer(
                    row.getString(0),
                    row.getString(1),
                    row.getString(2),
                    baseRows.get(i).getString(2)));
        }
        return answers;
    }

    private static List<Row> shown(TaskRows spec, Dataset<Row> predictions) {
        String generated = spec.answerColumns().get(2);
        Dataset<Row> first = predictions
                .where(functions.col(generated).isNotNull())
                .orderBy(spec.keyColumns().stream().map(functions::col).toArray(Column[]::new))
                .limit(SHOWN);
        return columns(first, spec.answerColumns()).collectAsList();
    }

    private static Dataset<Row> columns(Dataset<Row> rows, List<String> names) {
        return rows.select(names.stream().map(functions::col).toArray(Column[]::new));
    }
}
