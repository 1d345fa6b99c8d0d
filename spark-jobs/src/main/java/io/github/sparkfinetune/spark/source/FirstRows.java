package io.github.sparkfinetune.spark.source;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.data.task.SourcePreview;
import io.github.sparkfinetune.spark.cluster.Errors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;

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
        boolean labelFolders = source.format().hasLabelFolders()
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
            return source.format().bareText().isPresent()
                    ? List.of()
                    : source.reader().first(source, ROWS);
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain(source.key() + ": reading " + source.path(), e);
        }
    }
}
