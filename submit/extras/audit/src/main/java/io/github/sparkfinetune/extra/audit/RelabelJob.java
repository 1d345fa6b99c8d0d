package io.github.sparkfinetune.extra.audit;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.split;
import static org.apache.spark.sql.functions.udf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.run.RunPaths;
import io.github.sparkfinetune.spark.source.Columns;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.util.CollectionAccumulator;
import org.apache.spark.util.LongAccumulator;

/** Writes a copy of rows with the labels that people chose. */
final class RelabelJob {
    private static final String HASH = "_spark_finetune_hash";
    private static final String CHOSEN = "_spark_finetune_chosen";

    private final SparkSession session;
    private final RunConfig config;
    private final RelabelOptions options;
    private final Configuration hadoop;

    private RelabelJob(SparkSession session, RunConfig config, RelabelOptions options) {
        this.session = session;
        this.options = options;
        this.hadoop = session.sparkContext().hadoopConfiguration();
        this.config = RunPaths.resolve(config, session.sparkContext().master(), hadoop);
    }

    /**
     * Counts of a copy.
     *
     * @param questions number of questions in the export
     * @param open number of questions without an answer
     * @param split number of questions for which no label has more than half of the answers
     * @param unknown number of answered questions of which the input has no row
     * @param rows number of rows that were written
     * @param changed number of rows with another label than before
     */
    record Relabelled(long questions, long open, long split, long unknown, long rows, long changed) {}

    /**
     * Writes the copy.
     *
     * @throws RunException if there is no answer, or answers, input or output cannot be used
     */
    static Relabelled run(SparkSession session, RunConfig config, RelabelOptions options) throws IOException {
        SparkSessions.requireSerializer(session);
        return new RelabelJob(session, config, options).written();
    }

    private Relabelled written() throws IOException {
        Path to = new Path(AbsolutePaths.of("--output", options.output(), hadoop));
        if (HadoopFiles.fileSystem(to, hadoop).exists(to)) {
            throw RunException.config("--output: " + to + " exists: name a new folder");
        }
        Map<String, List<String>> answers = answers();
        Map<String, String> labels = new HashMap<>();
        long open = 0;
        for (Map.Entry<String, List<String>> answer : answers.entrySet()) {
            open += answer.getValue().isEmpty() ? 1 : 0;
            new AnnotationTool.Answers(answer.getKey(), answer.getValue())
                    .label()
                    .ifPresent(label -> labels.put(answer.getKey(), label));
        }
        if (labels.isEmpty()) {
            throw RunException.data("--answers: " + options.answers() + " has no label that a person chose");
        }
        DataConfig data = config.data();
        String key = options.input() == null ? "data.train" : "--input";
        String from = options.input() == null ? data.train() : AbsolutePaths.of(key, options.input(), hadoop);
        session.sparkContext().setJobDescription("relabel " + from);
        try {
            SourceFiles source = Sources.of(session, data, key, Manifest.TRAIN, from);
            Dataset<Row> rows = labelled(SourceReader.frame(session, source, data), source);
            DataType type = rows.schema().apply(data.label()).dataType();
            requireType(labels, type);
            Counts counts = new Counts(
                    session.sparkContext().longAccumulator("changed"),
                    session.sparkContext().collectionAccumulator("found"));
            Column label = Columns.named(data.label());
            Hashes.with(
                            rows,
                            config,
                            Columns.named(data.text()),
                            data.textPair() == null ? null : Columns.named(data.textPair()),
                            HASH)
                    .withColumn(CHOSEN, chosen(labels, counts).apply(col(HASH), label.cast(DataTypes.StringType)))
                    .withColumn(data.label(), coalesce(col(CHOSEN).cast(type), label))
                    .where(label.isNotNull())
                    .drop(HASH, CHOSEN)
                    .write()
                    .parquet(to.toString());
            return new Relabelled(
                    answers.size(),
                    open,
                    answers.size() - open - labels.size(),
                    labels.size() - new HashSet<>(counts.found().value()).size(),
                    session.read().parquet(to.toString()).count(),
                    counts.changed().value());
        } catch (RunException e) {
            throw e;
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain("the copy of " + from, e);
        } finally {
            session.sparkContext().setJobDescription(null);
        }
    }

    /** Returns the labels that people chose, by the hash of the question. */
    private Map<String, List<String>> answers() throws IOException {
        Path file = new Path(AbsolutePaths.of("--answers", options.answers(), hadoop));
        FileSystem files = HadoopFiles.fileSystem(file, hadoop);
        if (!files.exists(file)) {
            throw RunException.data("--answers: " + file + " does not exist");
        }
        JsonNode export;
        try {
            export = JsonFiles.MAPPER.readTree(HadoopFiles.readText(files, file));
        } catch (JsonProcessingException e) {
            throw RunException.data("--answers: " + file + " is no JSON: " + e.getOriginalMessage());
        }
        if (!export.isArray()) {
            throw RunException.data("--answers: " + file
                    + " is no JSON array: export JSON from Label Studio, or records" + " with to_json from Argilla");
        }
        Map<String, List<String>> answers = new LinkedHashMap<>();
        for (int i = 0; i < export.size(); i++) {
            JsonNode element = export.get(i);
            int place = i + 1;
            AnnotationTool.Answers found = AnnotationTool.ALL.stream()
                    .flatMap(tool -> tool.answers(element).stream())
                    .findFirst()
                    .orElseThrow(() -> RunException.data("--answers: element " + place + " of " + file
                            + " is no answer to a question of annotate: export JSON, with all fields of the tasks"));
            answers.computeIfAbsent(found.hash(), hash -> new ArrayList<>()).addAll(found.labels());
        }
        return answers;
    }

    /** Returns rows with a column of labels, which are null if the source has none. */
    private Dataset<Row> labelled(Dataset<Row> rows, SourceFiles source) {
        String label = config.data().label();
        if (List.of(rows.columns()).contains(label)) {
            return rows;
        }
        return rows.withColumn(
                label,
                source.format().hasLabelFolders()
                        ? element_at(split(col("path"), "/"), -2)
                        : lit(null).cast(DataTypes.StringType));
    }

    private void requireType(Map<String, String> labels, DataType type) {
        Dataset<String> wrong = session.createDataset(List.copyOf(labels.values()), Encoders.STRING())
                .where(col("value").cast(type).isNull());
        if (!wrong.isEmpty()) {
            throw RunException.data("--answers: the label " + wrong.first() + " is no " + type.simpleString()
                    + ", as the column " + config.data().label() + " has");
        }
    }

    /**
     * Counts of the rows. A task that is repeated counts once, because the job has one stage that writes.
     *
     * @param changed number of rows with another label than before
     * @param found hashes of rows with an answer
     */
    private record Counts(LongAccumulator changed, CollectionAccumulator<String> found) implements Serializable {}

    /** Returns a function of a row's hash and label that gives the chosen label, or null. */
    private static UserDefinedFunction chosen(Map<String, String> labels, Counts counts) {
        UDF2<String, String, String> chosen = (hash, label) -> {
            String answer = hash == null ? null : labels.get(hash);
            if (answer != null) {
                counts.found().add(hash);
                if (label == null || !label.strip().equals(answer)) {
                    counts.changed().add(1);
                }
            }
            return answer;
        };
        // Spark may compute a deterministic function twice for a row.
        return udf(chosen, DataTypes.StringType).asNondeterministic();
    }
}
