package io.github.sparkfinetune.extra.audit;

import static org.apache.spark.sql.functions.array_max;
import static org.apache.spark.sql.functions.array_position;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.size;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.run.RunPaths;
import io.github.sparkfinetune.spark.source.SourceTable;
import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;

/**
 * Writes rows whose label a person shall check or choose: the rows of an audit that are wrong, conflicting or
 * near-equal, by rank, or predictions that abstain, the least probable label first. Rows with equal texts are one
 * question.
 */
final class AnnotateJob {
    private static final String HASH = "hash";
    private static final String GIVEN = "given";
    private static final String SUGGESTED = "suggested";
    private static final String PROBABILITY = "probability";

    private final SparkSession session;
    private final RunConfig config;
    private final AnnotateOptions options;
    private final Configuration hadoop;

    private AnnotateJob(SparkSession session, RunConfig config, AnnotateOptions options) {
        this.session = session;
        this.options = options;
        this.hadoop = session.sparkContext().hadoopConfiguration();
        this.config = RunPaths.resolve(config, session.sparkContext().master(), hadoop);
    }

    /**
     * Writes the files.
     *
     * @return number of questions
     * @throws RunException if there is no question, or input or output cannot be used
     */
    static int run(SparkSession session, RunConfig config, AnnotateOptions options) throws IOException {
        SparkSessions.requireSerializer(session);
        return new AnnotateJob(session, config, options).written();
    }

    private int written() throws IOException {
        Path to = new Path(AbsolutePaths.of("--output", options.output(), hadoop));
        FileSystem files = HadoopFiles.fileSystem(to, hadoop);
        if (files.exists(to)) {
            throw RunException.config("--output: " + to + " exists: name a new folder");
        }
        boolean audited = options.audit() != null;
        List<String> labels = audited ? AuditFolder.result(audit(), hadoop).labels() : labelsOfModel();
        List<Question> questions = questions(audited ? doubts(labels) : abstained());
        if (questions.isEmpty()) {
            throw RunException.data(
                    audited
                            ? "--audit: no row of " + options.audit() + " is wrong, conflicting or near-equal"
                            : "--predictions: no row of " + options.predictions() + " abstains");
        }
        for (Map.Entry<String, byte[]> file :
                AnnotationTool.named(options.tool()).files(questions, labels).entrySet()) {
            HadoopFiles.writeWhole(files, new Path(to, file.getKey()), file.getValue());
        }
        return questions.size();
    }

    private List<Question> questions(Dataset<Row> rows) {
        Map<String, Question> questions = new LinkedHashMap<>();
        Iterator<Row> next = rows.toLocalIterator();
        while (next.hasNext() && questions.size() < options.most()) {
            Row row = next.next();
            questions.putIfAbsent(
                    row.getAs(HASH),
                    new Question(
                            row.getAs(HASH),
                            row.getAs("text"),
                            row.getAs("text_pair"),
                            row.getAs(GIVEN),
                            row.getAs(SUGGESTED),
                            row.<Double>getAs(PROBABILITY)));
        }
        return List.copyOf(questions.values());
    }

    private Path audit() {
        return new Path(AbsolutePaths.of("--audit", options.audit(), hadoop));
    }

    private List<String> labelsOfModel() throws IOException {
        return TaskSpecs.of(config)
                .labels(HfConfig.read(new Path(config.output().model()), hadoop))
                .names();
    }

    private Dataset<Row> doubts(List<String> labels) {
        Column probabilities = col("probabilities");
        Column best = array_max(probabilities);
        return session.read()
                .parquet(new Path(audit(), AuditFolder.ROWS).toString())
                .where(size(col("kinds")).gt(0))
                .sort("rank")
                .select(
                        col(HASH),
                        col("text"),
                        col("text_pair"),
                        col("label").as(GIVEN),
                        element_at(
                                        lit(labels.toArray(String[]::new)),
                                        array_position(probabilities, best).cast(DataTypes.IntegerType))
                                .as(SUGGESTED),
                        best.as(PROBABILITY));
    }

    private Dataset<Row> abstained() throws IOException {
        String path = options.predictions();
        Dataset<Row> rows = DataConfig.isTable(path)
                ? SourceTable.rows(session, SourceTable.find(session, "--predictions", null, path))
                : session.read().parquet(AbsolutePaths.of("--predictions", path, hadoop));
        if (!List.of(rows.columns()).contains("abstain")) {
            throw RunException.data("--predictions: " + path
                    + " has no column abstain: predict with predict.coverage, for example --coverage 0.9");
        }
        if (config.data().redact().isUsed()) {
            throw RunException.config(
                    "--predictions: the run redacts its texts, so the answers would find no rows: name --audit");
        }
        return Hashes.with(rows.where(col("abstain").equalTo(1)), config, col("text"), col("text_pair"), HASH)
                .sort(col("score"), col(HASH))
                .select(
                        col(HASH),
                        col("text"),
                        col("text_pair"),
                        lit(null).cast(DataTypes.StringType).as(GIVEN),
                        col("prediction").as(SUGGESTED),
                        col("score").as(PROBABILITY));
    }
}
