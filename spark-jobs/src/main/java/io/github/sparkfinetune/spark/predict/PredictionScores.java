package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.task.AnswerColumns;
import io.github.sparkfinetune.core.task.ExampleColumns;
import io.github.sparkfinetune.core.task.MeasuredRows;
import io.github.sparkfinetune.core.task.TaskRows;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.row.Rows;
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
                spec.answerColumns()
                        .filter(columns -> own)
                        .map(columns -> answers(columns, spec.keyColumns(), trained, base))
                        .orElse(List.of()));
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
                .map(row -> new Scores.Confused(
                        row.getAs(columns.expected()), row.getAs(columns.predicted()), row.getAs("count")))
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
    private static List<Scores.Answer> answers(
            AnswerColumns columns, List<String> keys, Dataset<Row> trained, Dataset<Row> base) {
        List<Row> trainedRows = shown(columns, keys, trained);
        List<Row> baseRows = shown(columns, keys, base);
        List<Scores.Answer> answers = new ArrayList<>();
        for (int i = 0; i < trainedRows.size(); i++) {
            Row row = trainedRows.get(i);
            answers.add(new Scores.Answer(
                    row.getAs(columns.prompt()),
                    row.getAs(columns.reference()),
                    row.getAs(columns.generated()),
                    baseRows.get(i).getAs(columns.generated())));
        }
        return answers;
    }

    private static List<Row> shown(AnswerColumns columns, List<String> keys, Dataset<Row> predictions) {
        Dataset<Row> first = predictions
                .where(functions.col(columns.generated()).isNotNull())
                .orderBy(keys.stream().map(functions::col).toArray(Column[]::new))
                .limit(SHOWN);
        return columns(first, List.of(columns.prompt(), columns.reference(), columns.generated()))
                .collectAsList();
    }

    private static Dataset<Row> columns(Dataset<Row> rows, List<String> names) {
        return rows.select(names.stream().map(functions::col).toArray(Column[]::new));
    }
}
