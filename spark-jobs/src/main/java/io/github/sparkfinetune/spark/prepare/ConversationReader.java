package io.github.sparkfinetune.spark.prepare;

import static org.apache.spark.sql.functions.length;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.trim;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.sft.SftColumns;
import io.github.sparkfinetune.data.sft.SftExample;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.DataTypes;

/**
 * Reads the columns of conversations, which are found from what a source has; {@link #TEXT} is a JSON object of them. A
 * JSON line is passed on as it stands: a schema would give every message the fields that any message has.
 */
final class ConversationReader extends SourceReader<SftExample> {
    private static final int LOOKED_AT = 100;

    private final boolean answers;
    private final int maxTextBytes;
    private final Runnable templateCheck;

    /**
     * @param answers whether rows must have answers
     * @param templateCheck refuses a chat template, where the rows need one
     */
    ConversationReader(SparkSession spark, boolean answers, int maxTextBytes, Runnable templateCheck) {
        super(spark);
        this.templateCheck = templateCheck;
        this.answers = answers;
        this.maxTextBytes = maxTextBytes;
    }

    @Override
    Rows<SftExample> read(SourceFiles source) {
        return switch (source.format()) {
            case TEXT_FOLDERS ->
                throw RunException.config(source.key() + ": " + source.path()
                        + " is a folder of texts, which hold no conversations: use jsonl, csv or parquet for task sft");
            case JSONL -> json(source);
            case CSV -> {
                List<String> header = csvHeader(source);
                yield columns(source, csv(source, header), header);
            }
            case PARQUET -> {
                Dataset<Row> rows = parquet(source);
                yield columns(source, rows, columns(rows));
            }
            case AUTO -> throw new IllegalArgumentException("a listed source has a format");
        };
    }

    @Override
    void requireColumns(SourceFiles source, SourceScan.Counts counts) {
        // They were looked for before the rows were read.
    }

    private Rows<SftExample> json(SourceFiles source) {
        Dataset<Row> lines = spark().read()
                .option("recursiveFileLookup", true)
                .text(source.path())
                .filter(length(trim(column("value"))).gt(0))
                .withColumn(CORRUPT_COLUMN, nothing());
        List<String> first = lines.select(column("value"))
                .limit(LOOKED_AT)
                .as(Encoders.STRING())
                .collectAsList();
        JavaRDD<InternalRow> rows = rdd(lines, column("value"), nothing(), nothing());
        // A source without rows is refused when they are counted.
        return rows(source, rows, first.isEmpty() ? SftColumns.MESSAGES : kind(source, keys(source, first)));
    }

    private static Set<String> keys(SourceFiles source, List<String> lines) {
        ObjectMapper mapper = new ObjectMapper();
        Set<String> keys = new TreeSet<>();
        int objects = 0;
        for (String line : lines) {
            JsonNode row = parse(mapper, line);
            objects += row.isObject() ? 1 : 0;
            row.fieldNames().forEachRemaining(keys::add);
        }
        if (objects == 0) {
            throw RunException.data(source.key() + ": " + source.path() + ": none of its first " + lines.size()
                    + " rows is a JSON object: there must be one a line");
        }
        return keys;
    }

    private static JsonNode parse(ObjectMapper mapper, String line) {
        try {
            return mapper.readTree(line);
        } catch (JsonProcessingException e) {
            // A bad row, which is counted when all are read.
            return MissingNode.getInstance();
        }
    }

    private Rows<SftExample> columns(SourceFiles source, Dataset<Row> rows, List<String> present) {
        SftColumns kind = kind(source, present);
        Column[] columns = kind.names().stream()
                .filter(present::contains)
                .map(name -> {
                    boolean bytes = rows.schema().apply(name).dataType().equals(DataTypes.BinaryType);
                    return bytes ? text(name).as(name) : column(name);
                })
                .toArray(Column[]::new);
        return rows(source, rdd(rows, to_json(struct(columns)), nothing(), nothing()), kind);
    }

    private SftColumns kind(SourceFiles source, Iterable<String> present) {
        Set<String> names = new TreeSet<>();
        present.forEach(names::add);
        SftColumns kind = SftColumns.of(source.key() + ": " + source.path(), names, answers);
        if (kind != SftColumns.PROMPT) {
            // Prompts and completions may be texts, which need none.
            templateCheck.run();
        }
        return kind;
    }

    private Rows<SftExample> rows(SourceFiles source, JavaRDD<InternalRow> rows, SftColumns kind) {
        boolean answered = answers;
        int limit = maxTextBytes;
        return new Rows<>(source, rows, () -> new ConversationCleaner(kind, answered, limit));
    }
}
