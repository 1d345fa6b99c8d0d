package io.github.sparkfinetune.spark.prepare.generation;

import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.redact.SubjectHash;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.TaskData;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopOutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/**
 * File with the subjects of one hash range of a dataset with {@code data.subject}, while it is written:
 * {@code _subjects/part-SHARD-RUN-ATTEMPT.parquet}, named as a shard. A file that is closed before {@link #finish} is
 * deleted. There are two kinds of rows:
 *
 * <ul>
 *   <li>a row for each usable row of the sources: {@code subject1}, {@code subject2}, the halves of the subject's
 *       {@link SubjectHash keyed hash}; {@code content1}, {@code content2}, the halves of the content's hash;
 *   <li>a row for each content with samples: {@code content1}, {@code content2}; {@code generation}, 0 if the dataset
 *       does not grow; {@code split}, the name of the split; {@code pieces}, the {@link RowPieces} of its documents.
 * </ul>
 *
 * <p>Rows of several subjects may have equal content, of which the dataset keeps one. So a subject leads to contents,
 * and contents lead to samples.
 */
public final class SubjectIndex implements Closeable {
    /** Folder of these files in a dataset's folder. */
    public static final String FOLDER = "_subjects";

    static final String SUBJECT1 = "subject1";
    static final String SUBJECT2 = "subject2";
    static final String CONTENT1 = "content1";
    static final String CONTENT2 = "content2";

    private static final MessageType SCHEMA = Types.buildMessage()
            .optional(PrimitiveTypeName.INT64)
            .named(SUBJECT1)
            .optional(PrimitiveTypeName.INT64)
            .named(SUBJECT2)
            .required(PrimitiveTypeName.INT64)
            .named(CONTENT1)
            .required(PrimitiveTypeName.INT64)
            .named(CONTENT2)
            .optional(PrimitiveTypeName.INT32)
            .named(IndexSchema.GENERATION)
            .optional(PrimitiveTypeName.BINARY)
            .as(LogicalTypeAnnotation.stringType())
            .named(IndexSchema.SPLIT)
            .optional(PrimitiveTypeName.BINARY)
            .named(IndexSchema.PIECES)
            .named("subjects");

    private final Path file;
    private final int generation;
    private final TaskData<?> task;
    private final List<String> labels;
    private final Configuration hadoop;
    private ParquetWriter<Group> writer;
    private boolean isFinished;

    /**
     * Makes an index whose file is created with the first row.
     *
     * @param generation number of the generation; 0 if the dataset does not grow
     */
    public SubjectIndex(Path file, int generation, TaskData<?> task, List<String> labels, Configuration hadoop) {
        this.file = file;
        this.generation = generation;
        this.task = task;
        this.labels = labels;
        this.hadoop = hadoop;
    }

    /** Adds a row of the sources, if its key has a subject. */
    public void add(byte[] key) throws IOException {
        if (!Occurrence.hasSubject(key)) {
            return;
        }
        if (writer == null) {
            writer = ExampleParquetWriter.builder(HadoopOutputFile.fromPath(file, hadoop))
                    .withConf(hadoop)
                    .withType(SCHEMA)
                    .withDictionaryEncoding(CONTENT1, false)
                    .withDictionaryEncoding(CONTENT2, false)
                    .withDictionaryEncoding(IndexSchema.PIECES, false)
                    .withCompressionCodec(CompressionCodecName.SNAPPY)
                    .build();
        }
        SubjectHash subject = Occurrence.subject(key);
        Group row = row(key);
        row.add(SUBJECT1, subject.first());
        row.add(SUBJECT2, subject.second());
        writer.write(row);
    }

    /**
     * Adds the samples of a content, if its key has a subject.
     *
     * @param split name of the split
     * @param encoded row as its task encodes it
     */
    public void addSamples(byte[] key, String split, byte[] encoded, String stratum) throws IOException {
        if (!Occurrence.hasSubject(key)) {
            return;
        }
        Group row = row(key);
        row.add(IndexSchema.GENERATION, generation);
        row.add(IndexSchema.SPLIT, split);
        row.add(IndexSchema.PIECES, Binary.fromConstantByteArray(RowPieces.of(task, labels, encoded, stratum)));
        writer.write(row);
    }

    private static Group row(byte[] key) {
        ContentHash content = Occurrence.content(key);
        Group row = new SimpleGroup(SCHEMA);
        row.add(CONTENT1, content.first());
        row.add(CONTENT2, content.second());
        return row;
    }

    /** Finishes the file and returns its length; empty if there is no file. */
    public Optional<Long> finish() throws IOException {
        isFinished = true;
        if (writer == null) {
            return Optional.empty();
        }
        writer.close();
        return Optional.of(
                HadoopFiles.fileSystem(file, hadoop).getFileStatus(file).getLen());
    }

    @Override
    public void close() throws IOException {
        if (!isFinished && writer != null) {
            writer.close();
            HadoopFiles.discard(HadoopFiles.fileSystem(file, hadoop), file);
        }
    }
}
