package io.github.sparkfinetune.spark.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.spark.files.FileList;
import io.github.sparkfinetune.spark.files.FileRows;
import io.github.sparkfinetune.spark.files.ListedFile;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonLinesTest {
    private static final String ARRAY = "  [{\"text\": \"a\"}, {\"text\": \"b\"}]";

    @TempDir
    private Path folder;

    private Dataset<Row> lines(SparkSession spark, List<String> partitions, Path file) throws IOException {
        FileList.Builder files = new FileList.Builder();
        files.add(new ListedFile("file:" + file, Files.size(file), 0));
        return new FileRows(spark, "UTF-8")
                .lines(files.build(), 1 << 20, 0, null, partitions)
                .withColumn(SparkSource.CORRUPT, SparkSource.nothing());
    }

    private static final StructType TEXTS = new StructType()
            .add("text", "string")
            .add("a.b", "string")
            .add("label", "string")
            .add(SparkSource.CORRUPT, "string");

    /**
     * Objects, values of all types, missing and repeated keys, escapes, control characters, and lines that are no
     * object.
     */
    @Test
    void columnsAreThoseOfSparksReader() throws IOException {
        SparkSession spark = PrepareFixture.spark(2);
        Path file = PrepareFixture.write(
                folder.resolve("rows.jsonl"),
                List.of(
                        "{\"text\": \"a\", \"a.b\": \"dotted\", \"label\": \"x\", \"more\": [1]}",
                        "{\"label\": 1.50, \"text\": {\"deep\": [1, \"é\"]}}",
                        "{\"text\": null, \"label\": true}",
                        "{\"text\": \"\\u00e9\\n\\\"\", \"text\": \"second\"}",
                        "{\"text\": \"control \u0001 character\"}",
                        "{\"TEXT\": \"other case\"}",
                        "{\"text\": \"cut",
                        "{}",
                        "null",
                        "\"text\"",
                        "7",
                        "no json",
                        "",
                        "   ",
                        "  {\"text\": \"behind spaces\"}  "));

        Dataset<Row> parsed = JsonLines.parsed(lines(spark, List.of(), file), TEXTS, List.of());

        List<Row> expected = spark.read()
                .options(JsonLines.OPTIONS)
                .schema(TEXTS)
                .json(file.toString())
                .collectAsList();
        assertThat(expected).hasSize(13);
        assertThat(parsed.drop(FileRows.PATH).collectAsList()).containsExactlyElementsOf(expected);
    }

    @Test
    void aListIsCorruptSoThatNoObjectOfItIsLost() throws IOException {
        SparkSession spark = PrepareFixture.spark(2);
        Path file = PrepareFixture.write(folder.resolve("rows.jsonl"), List.of(ARRAY));

        Row row = JsonLines.parsed(lines(spark, List.of(), file), TEXTS, List.of())
                .head();

        assertThat(row.<String>getAs(SparkSource.CORRUPT)).isEqualTo(ARRAY);
    }

    @Test
    void foldersPrecedeKeysAndTypesAreInferredFromAllLines() throws IOException {
        SparkSession spark = PrepareFixture.spark(2);
        Path day = Files.createDirectories(folder.resolve("label=007"));
        Path file = PrepareFixture.write(
                day.resolve("rows.jsonl"), List.of("{\"label\": 1, \"n\": 2}", "{\"label\": 1, \"n\": 2.5}"));
        Dataset<Row> lines = lines(spark, List.of("label"), file);

        Dataset<Row> parsed =
                JsonLines.parsed(lines, JsonLines.inferred(spark, lines.select(SparkSource.LINE)), List.of("label"));

        assertThat(parsed.schema().apply("n").dataType().simpleString()).isEqualTo("double");
        assertThat(parsed.select("label").as(Encoders.STRING()).collectAsList()).containsExactly("007", "007");
        assertThat(parsed.select(functions.sum("n")).head().getDouble(0)).isEqualTo(4.5);
    }
}
