package io.github.sparkfinetune.extra.lineage;

import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.Type;

/**
 * Parquet files of a folder, as their footers describe them.
 *
 * @param columns types by name, in Spark SQL's words
 * @param rows number of rows; null if the folder has more files than are worth opening
 * @param bytes length of the files
 * @param files number of files
 */
public record ParquetFiles(Map<String, String> columns, Long rows, long bytes, long files) {
    private static final int MOST_FOOTERS = 100;
    private static final String SUFFIX = ".parquet";

    /** Returns the types of a file's columns by name, in the order of the columns. */
    public static Map<String, String> columns(Path file, Configuration hadoop) throws IOException {
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(file, hadoop))) {
            return columns(reader);
        }
    }

    /** Returns the files that lie directly in a folder. */
    static ParquetFiles of(Path folder, Configuration hadoop) throws IOException {
        FileSystem system = HadoopFiles.fileSystem(folder, hadoop);
        Map<String, String> columns = Map.of();
        long rows = 0;
        long bytes = 0;
        long files = 0;
        try {
            for (FileStatus file :
                    system.listStatus(folder, path -> path.getName().endsWith(SUFFIX))) {
                bytes += file.getLen();
                if (files++ < MOST_FOOTERS) {
                    try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromStatus(file, hadoop))) {
                        rows += reader.getRecordCount();
                        columns = columns(reader);
                    }
                }
            }
        } catch (FileNotFoundException e) {
            return new ParquetFiles(Map.of(), 0L, 0, 0);
        }
        return new ParquetFiles(columns, files > MOST_FOOTERS ? null : rows, bytes, files);
    }

    private static Map<String, String> columns(ParquetFileReader reader) {
        Map<String, String> columns = new LinkedHashMap<>();
        reader.getFileMetaData().getSchema().getFields().forEach(field -> columns.put(field.getName(), type(field)));
        return columns;
    }

    private static String type(Type type) {
        LogicalTypeAnnotation logical = type.getLogicalTypeAnnotation();
        if (!type.isPrimitive()) {
            if (logical instanceof LogicalTypeAnnotation.ListLogicalTypeAnnotation) {
                return "array<"
                        + type(type.asGroupType().getType(0).asGroupType().getType(0)) + ">";
            }
            return logical instanceof LogicalTypeAnnotation.MapLogicalTypeAnnotation ? "map" : "struct";
        }
        return switch (type.asPrimitiveType().getPrimitiveTypeName()) {
            case INT32 -> "int";
            case INT64, INT96 -> "bigint";
            case FLOAT -> "float";
            case DOUBLE -> "double";
            case BOOLEAN -> "boolean";
            case BINARY, FIXED_LEN_BYTE_ARRAY ->
                logical instanceof LogicalTypeAnnotation.StringLogicalTypeAnnotation ? "string" : "binary";
        };
    }
}
