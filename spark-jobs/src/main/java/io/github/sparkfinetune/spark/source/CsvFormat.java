package io.github.sparkfinetune.spark.source;

import static org.apache.spark.sql.functions.col;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.files.RawTexts;
import io.github.sparkfinetune.spark.files.ZstdCodec;
import java.nio.charset.Charset;
import java.util.List;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/** Reads {@code data.format: csv}. */
final class CsvFormat extends SourceFormat {
    @Override
    public boolean isReadBySpark() {
        return true;
    }

    @Override
    List<String> endings() {
        return List.of(".csv");
    }

    @Override
    boolean endsWithLine(boolean multiline) {
        return !multiline;
    }

    /** Returns the names in the header of the first file. */
    @Override
    List<String> columns(SparkSource source) {
        String first = source.files().listing().first();
        try {
            return source.withPartitions(List.of(reader(source).csv(first).columns()));
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw Errors.explain(source.key() + ": reading " + first, e);
        }
    }

    /** Returns all columns as strings. */
    @Override
    Dataset<Row> rows(SparkSource source, List<String> columns) {
        return reader(source)
                .schema(SparkSource.strings(source.columns()))
                .option("columnNameOfCorruptRecord", SparkSource.CORRUPT)
                .option("enforceSchema", false)
                .csv(source.paths());
    }

    private static DataFrameReader reader(SparkSource source) {
        DataFrameReader reader = source.folders(source.path())
                .option(RawTexts.CODECS, ZstdCodec.class.getName())
                .option("encoding", source.encoding())
                .option("header", true)
                // RFC 4180: a quote escapes a quote, and a quoted text may hold line ends.
                .option("escape", "\"")
                .option("multiLine", source.multiline());
        // Spark finds line ends by itself only in character sets whose line end is ASCII's.
        boolean known = source.multiline() || "\n".getBytes(Charset.forName(source.encoding())).length == 1;
        return known ? reader : reader.option("lineSep", "\n");
    }

    @Override
    Dataset<Row> frame(SparkSource source, String text) {
        String message = source.key() + ": " + source.path()
                + " has a row with more or fewer values than its header has names: fix or remove the row";
        UDF1<String, Boolean> isWhole = corrupt -> {
            if (corrupt != null) {
                throw RunException.data(message);
            }
            return true;
        };
        return rows(source, List.of())
                .filter(functions.udf(isWhole, DataTypes.BooleanType).apply(col(SparkSource.CORRUPT)))
                .drop(SparkSource.CORRUPT);
    }
}
