package io.github.sparkfinetune.spark.prepare.generation;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;

import io.github.sparkfinetune.data.dataset.Generation;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.files.ListedFile;
import java.io.IOException;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;

/** Files of {@link IndexSchema}: their names, their rows by file, and the list of a generation's files. */
final class IndexFiles {
    private IndexFiles() {}

    /** Returns the files of one kind of a generation. */
    static String[] paths(Path dataset, Generation generation, String kind) {
        return generation.index().keySet().stream()
                .filter(file -> file.startsWith(kind + "/"))
                .map(file -> new Path(dataset, file).toString())
                .toArray(String[]::new);
    }

    /** Returns the files of one kind of all generations. */
    static String[] ofAll(Path dataset, Manifest manifest, String kind) {
        return manifest.generations().stream()
                .flatMap(generation -> List.of(paths(dataset, generation, kind)).stream())
                .toArray(String[]::new);
    }

    /**
     * Returns the rows of an index whose file is, or is not, among some files.
     *
     * @param some numbers of files by generation
     */
    static Dataset<Row> ofFiles(Dataset<Row> rows, Map<Integer, BitSet> some, boolean among) {
        if (some.isEmpty() && !among) {
            return rows;
        }
        Map<Integer, BitSet> numbers = new TreeMap<>(some);
        UserDefinedFunction isAmong = udf(
                (UDF2<Integer, Integer, Boolean>) (generation, file) -> {
                    BitSet ofGeneration = numbers.get(generation);
                    return (ofGeneration != null && ofGeneration.get(file)) == among;
                },
                DataTypes.BooleanType);
        return rows.filter(isAmong.apply(col(IndexSchema.GENERATION), col(IndexSchema.FILE)));
    }

    /**
     * Writes the list of a generation's files.
     *
     * @param name name of the file in the dataset's folder
     * @param generation number of the generation
     * @return length of the file by its name
     */
    static Map<String, Long> writeList(
            Path dataset, String name, int generation, KnownFiles.Changes changes, Configuration hadoop)
            throws IOException {
        Path file = new Path(dataset, name);
        try (ParquetWriter<Group> writer = IndexSchema.create(file, IndexSchema.OF_FILES, hadoop)) {
            for (KnownFiles.Known gone : changes.removed()) {
                writer.write(row(gone, true));
            }
            int number = 0;
            for (int source = 0; source < changes.added().size(); source++) {
                for (ListedFile added : changes.added().get(source)) {
                    writer.write(row(new KnownFiles.Known(source, added, generation, number++), false));
                }
            }
        }
        return Map.of(
                name, HadoopFiles.fileSystem(file, hadoop).getFileStatus(file).getLen());
    }

    private static Group row(KnownFiles.Known known, boolean isRemoved) {
        Group row = new SimpleGroup(IndexSchema.OF_FILES);
        row.add(IndexSchema.SOURCE, known.source());
        row.add(IndexSchema.PATH, known.file().path());
        row.add(IndexSchema.BYTES, known.file().bytes());
        row.add(IndexSchema.TIME, known.file().time());
        row.add(IndexSchema.GENERATION, known.generation());
        row.add(IndexSchema.NUMBER, known.number());
        row.add(IndexSchema.REMOVED, isRemoved);
        return row;
    }
}
