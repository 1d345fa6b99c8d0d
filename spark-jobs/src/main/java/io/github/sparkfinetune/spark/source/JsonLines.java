package io.github.sparkfinetune.spark.source;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.from_json;
import static org.apache.spark.sql.functions.ltrim;
import static org.apache.spark.sql.functions.when;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.files.FileRows;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/** Columns of lines that are one JSON object each. */
final class JsonLines {
    /** Cleaning removes null and other control characters inside a text; the row stays. */
    static final Map<String, String> OPTIONS =
            Map.of("allowUnquotedControlChars", "true", "columnNameOfCorruptRecord", SparkSource.CORRUPT);

    private JsonLines() {}

    /** Returns the columns and types that Spark infers from all lines. */
    static StructType inferred(SparkSession spark, Dataset<Row> lines) {
        return spark.read().options(OPTIONS).json(lines.as(Encoders.STRING())).schema();
    }

    /**
     * Returns the columns of a schema, {@link FileRows#PATH}, and the columns in the names of folders. A line that is a
     * list is corrupt, so that no object of it is lost.
     *
     * @param lines see {@link SparkSource#lines}
     * @param partitions names of the columns in the names of folders, which precede columns of the lines
     */
    static Dataset<Row> parsed(Dataset<Row> lines, StructType schema, List<String> partitions) {
        Column line = col(SparkSource.LINE);
        Column parsed = from_json(line, schema, OPTIONS);
        List<Column> columns = new ArrayList<>();
        for (String name : schema.fieldNames()) {
            if (name.equals(SparkSource.CORRUPT)) {
                columns.add(when(ltrim(line).startsWith("["), line)
                        .otherwise(parsed.getField(name))
                        .as(name));
            } else if (!partitions.contains(name)) {
                columns.add(parsed.getField(name).as(name));
            }
        }
        columns.add(col(FileRows.PATH));
        partitions.forEach(name -> columns.add(Columns.named(name)));
        return lines.select(columns.toArray(Column[]::new));
    }

    /**
     * Returns the keys of the objects in the first lines of a source, by name.
     *
     * @throws RunException if no line is an object
     */
    static List<String> keys(SparkSource source, Dataset<Row> first) {
        List<String> lines = first.as(Encoders.STRING()).collectAsList();
        ObjectMapper mapper = new ObjectMapper();
        Set<String> keys = new TreeSet<>();
        int objects = 0;
        for (String line : lines) {
            JsonNode row = parse(mapper, line);
            objects += row.isObject() ? 1 : 0;
            row.fieldNames().forEachRemaining(keys::add);
        }
        if (objects == 0 && !lines.isEmpty()) {
            throw RunException.data(source.key() + ": " + source.path() + ": none of its first " + lines.size()
                    + " rows is a JSON object: each line must be a JSON object");
        }
        return List.copyOf(keys);
    }

    /** Returns a line as JSON, or a missing node if the line is not JSON. */
    static JsonNode parse(ObjectMapper mapper, String line) {
        try {
            return mapper.readTree(line);
        } catch (JsonProcessingException e) {
            // The row is bad. It is counted when all rows are read.
            return MissingNode.getInstance();
        }
    }
}
