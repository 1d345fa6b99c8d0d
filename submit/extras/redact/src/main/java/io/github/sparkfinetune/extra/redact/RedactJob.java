package io.github.sparkfinetune.extra.redact;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.redact.Entity;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.redact.Redacted;
import io.github.sparkfinetune.data.redact.Redaction;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.redact.RedactedFrame;
import io.github.sparkfinetune.spark.run.RunPaths;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.Sources;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.LongAccumulator;

/**
 * Writes a copy of a table or of files in which the texts of some columns are redacted by {@code data.redact}. The
 * other columns stay as they are. The copy is Parquet, and its file {@value #COUNTS} holds the counts.
 */
final class RedactJob {
    /** File with the {@link Outcome}. Readers of Parquet skip its name. */
    static final String COUNTS = "_redacted.json";

    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    private RedactJob() {}

    /**
     * Counts of a job.
     *
     * @param input absolute path, or table
     * @param columns columns whose texts were redacted
     * @param texts number of texts in these columns
     * @param redacted number of replaced parts by entity
     * @param redact options of {@code data.redact}, as in a manifest
     */
    record Outcome(
            String input, List<String> columns, long texts, Map<String, Long> redacted, Redaction.Options redact) {
        /** Returns the counts in one line. */
        String summary() {
            return redacted.entrySet().stream()
                    .map(count -> String.format(Locale.ROOT, "%s %,d", count.getKey(), count.getValue()))
                    .collect(Collectors.joining(", ", String.format(Locale.ROOT, "%,d texts: ", texts), ""));
        }
    }

    /**
     * Writes the redacted copy.
     *
     * @param config configuration; its {@code data} section says how the input is read
     * @param input table, or file, folder or glob in the format of {@code data.format}
     * @param columns columns to redact; empty for {@code data.text} and {@code data.text_pair}
     * @param output folder of the Parquet files; must not exist
     * @throws RunException if nothing is redacted, or input, columns or output cannot be used
     */
    static Outcome run(SparkSession session, RunConfig config, String input, List<String> columns, String output) {
        SparkSessions.requireSerializer(session);
        SparkContext spark = session.sparkContext();
        Configuration hadoop = spark.hadoopConfiguration();
        RunConfig resolved = RunPaths.resolve(config, spark.master(), hadoop);
        Redaction redaction = Redaction.of(resolved.data().redact());
        if (redaction == null) {
            throw RunException.config("data.redact.entities: [] redacts nothing: name the entities to find");
        }
        String from = AbsolutePaths.of("--input", input, hadoop);
        Path to = new Path(AbsolutePaths.of("--output", output, hadoop));
        spark.setJobDescription("redact " + from);
        try {
            FileSystem files = HadoopFiles.fileSystem(to, hadoop);
            if (files.exists(to)) {
                throw RunException.config("--output: " + to + " exists: name a new folder");
            }
            SourceFiles source = Sources.of(session, resolved.data(), "--input", null, from);
            Dataset<Row> frame = SourceReader.frame(session, source, resolved.data());
            List<String> redacted = columns(resolved, columns, frame.schema(), from);
            Counts counts = Counts.of(spark, resolved.data().redact().entities());
            RedactedFrame.of(frame, redaction, redacted, counts).write().parquet(to.toString());
            Outcome outcome =
                    new Outcome(from, redacted, counts.texts().value(), counts.byEntity(), redaction.options());
            HadoopFiles.writeWhole(files, new Path(to, COUNTS), JSON.writeValueAsBytes(outcome));
            return outcome;
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain("the redaction of " + from, e);
        } finally {
            spark.setJobDescription(null);
        }
    }

    private static List<String> columns(RunConfig config, List<String> given, StructType schema, String input) {
        List<String> columns = new ArrayList<>(given);
        if (columns.isEmpty()) {
            columns.add(config.data().text());
            Optional.ofNullable(config.data().textPair()).ifPresent(columns::add);
        }
        List<String> present = Arrays.asList(schema.fieldNames());
        for (String column : columns) {
            if (!present.contains(column)) {
                throw RunException.config("--columns: " + input + " has no column " + column + ", its columns are "
                        + String.join(", ", present));
            }
            DataType type = schema.apply(column).dataType();
            RedactedFrame.refusal(type).ifPresent(reason -> {
                throw RunException.config("--columns: column " + column + " of " + input + " is " + type.simpleString()
                        + ", " + reason + ": name columns of texts");
            });
        }
        return columns.stream().distinct().toList();
    }

    /** Counts of all tasks. A task that is repeated counts once, because the job has one stage that writes. */
    private record Counts(LongAccumulator texts, Map<String, LongAccumulator> replaced)
            implements RedactedFrame.Counter {
        static Counts of(SparkContext spark, List<String> entities) {
            Map<String, LongAccumulator> replaced = new LinkedHashMap<>();
            entities.stream()
                    .sorted(Entity.ORDER)
                    .forEach(entity -> replaced.put(entity, spark.longAccumulator(entity)));
            return new Counts(spark.longAccumulator("texts"), replaced);
        }

        @Override
        public void add(Redacted text) {
            texts.add(1);
            text.counts().forEach((entity, count) -> replaced.get(entity).add(count));
        }

        Map<String, Long> byEntity() {
            Map<String, Long> counts = new LinkedHashMap<>();
            replaced.forEach((entity, count) -> counts.put(entity, count.value()));
            return counts;
        }
    }
}
