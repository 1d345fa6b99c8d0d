package io.github.sparkfinetune.spark.source;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.data.task.SourcePreview;
import io.github.sparkfinetune.spark.cluster.Errors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;

/** First rows of a source, read without a task. */
public final class FirstRows {
    private static final int ROWS = 1000;

    private FirstRows() {}

    /**
     * Reads the first rows of a source.
     *
     * @param named see {@link SourcePreview}
     * @throws io.github.sparkfinetune.conf.error.RunException if the source cannot be read in its format
     */
    public static SourcePreview of(SourceReader reader, SourceFiles files, Map<String, String> named) {
        SparkSource source = reader.source(files);
        boolean labelFolders = source.format() == DataFormat.TEXT_FOLDERS
                && !new Path(files.listing().first()).getParent().equals(new Path(files.path()));
        return new SourcePreview(source.format(), source.columns(), rows(source), labelFolders, named);
    }

    private static List<JsonNode> rows(SparkSource source) {
        List<JsonNode> objects = new ArrayList<>();
        for (String line : lines(source)) {
            JsonNode row = JsonLines.parse(new ObjectMapper(), line);
            if (row.isObject()) {
                objects.add(row);
            }
        }
        return objects;
    }

    private static List<String> lines(SparkSource source) {
        try {
            return switch (source.format()) {
                case TEXT_FOLDERS, TEXT, SQUAD -> List.of();
                case JSONL ->
                    source.lines()
                            .select(SparkSource.LINE)
                            .limit(ROWS)
                            .as(Encoders.STRING())
                            .collectAsList();
                case CSV -> lines(source.csv());
                default -> lines(source.typed());
            };
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain(source.key() + ": reading " + source.path(), e);
        }
    }

    private static List<String> lines(Dataset<Row> rows) {
        return rows.drop(SparkSource.CORRUPT).limit(ROWS).toJSON().collectAsList();
    }
}
