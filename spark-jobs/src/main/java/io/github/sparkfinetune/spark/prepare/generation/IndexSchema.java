package io.github.sparkfinetune.spark.prepare.generation;

import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.spark.corpus.EarlierDuplicates;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopOutputFile;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/**
 * Files of the index of a generation, as Parquet beside the shards.
 *
 * <p>{@code _index/part-SHARD-gGENERATION-RUN-ATTEMPT.parquet} has a row for each usable row that the generation has
 * read, in the hash range of the shard with this number. A row is about 20 bytes:
 *
 * <ul>
 *   <li>{@code position}, {@code second}: identity of the content, the first 16 bytes of its
 *       {@link io.github.sparkfinetune.data.task.RowKey};
 *   <li>{@code generation}, {@code file}: generation, and number of the row's file in the generation's list;
 *   <li>{@code split}: index of the content's split among the splits of the dataset;
 *   <li>{@code pieces}: {@link RowPieces} of the row; null if the row has no sample of its own, because another row has
 *       its content.
 * </ul>
 *
 * <p>{@code _files/part-00000-gGENERATION-RUN-0.parquet} has a row for each file that the generation has read
 * ({@code removed} is false, {@code number} counts from 0), and for each file of an earlier generation that the sources
 * did not have any more: {@code source}, {@code path}, {@code bytes}, {@code time}, {@code generation}, {@code number},
 * {@code removed}.
 *
 * <p>{@code _similar/part-PART-gGENERATION-RUN-ATTEMPT.parquet}, with {@code data.corpus.near_dedup}, has a row for
 * each training document and each of its files, also for documents that are left out as near-duplicates:
 * {@code document1} and {@code document2}, the halves of its content hash with their upper bits flipped;
 * {@code generation}, {@code file}; {@code signature}, a byte for each hash function.
 */
final class IndexSchema {
    static final String ROWS = "_index";
    static final String FILES = "_files";
    static final String SIMILAR = "_similar";

    static final String POSITION = "position";
    static final String SECOND = "second";
    static final String GENERATION = "generation";
    static final String FILE = "file";
    static final String SPLIT = "split";
    static final String PIECES = "pieces";
    static final String SOURCE = "source";
    static final String PATH = "path";
    static final String BYTES = "bytes";
    static final String TIME = "time";
    static final String NUMBER = "number";
    static final String REMOVED = "removed";

    static final MessageType OF_ROWS = Types.buildMessage()
            .required(PrimitiveTypeName.INT64)
            .named(POSITION)
            .required(PrimitiveTypeName.INT64)
            .named(SECOND)
            .required(PrimitiveTypeName.INT32)
            .named(GENERATION)
            .required(PrimitiveTypeName.INT32)
            .named(FILE)
            .required(PrimitiveTypeName.INT32)
            .named(SPLIT)
            .optional(PrimitiveTypeName.BINARY)
            .named(PIECES)
            .named("rows");

    static final MessageType OF_FILES = Types.buildMessage()
            .required(PrimitiveTypeName.INT32)
            .named(SOURCE)
            .required(PrimitiveTypeName.BINARY)
            .as(LogicalTypeAnnotation.stringType())
            .named(PATH)
            .required(PrimitiveTypeName.INT64)
            .named(BYTES)
            .required(PrimitiveTypeName.INT64)
            .named(TIME)
            .required(PrimitiveTypeName.INT32)
            .named(GENERATION)
            .required(PrimitiveTypeName.INT32)
            .named(NUMBER)
            .required(PrimitiveTypeName.BOOLEAN)
            .named(REMOVED)
            .named("files");

    static final MessageType OF_SIMILAR = Types.buildMessage()
            .required(PrimitiveTypeName.INT64)
            .named(EarlierDuplicates.DOCUMENT + 1)
            .required(PrimitiveTypeName.INT64)
            .named(EarlierDuplicates.DOCUMENT + 2)
            .required(PrimitiveTypeName.INT32)
            .named(GENERATION)
            .required(PrimitiveTypeName.INT32)
            .named(FILE)
            .required(PrimitiveTypeName.BINARY)
            .named(EarlierDuplicates.SIGNATURE)
            .named("similar");

    private IndexSchema() {}

    /** Returns the first half of the identity of a content. */
    static long position(ContentHash hash, long seed) {
        return Seeds.derive(seed, Seeds.Purpose.ROW_ORDER, hash.first());
    }

    /** Creates a file. Hashes do not repeat, so that a dictionary does not pay. */
    static ParquetWriter<Group> create(Path file, MessageType schema, Configuration hadoop) throws IOException {
        return ExampleParquetWriter.builder(HadoopOutputFile.fromPath(file, hadoop))
                .withConf(hadoop)
                .withType(schema)
                .withDictionaryEncoding(POSITION, false)
                .withDictionaryEncoding(SECOND, false)
                .withDictionaryEncoding(PIECES, false)
                .withDictionaryEncoding(EarlierDuplicates.DOCUMENT + 1, false)
                .withDictionaryEncoding(EarlierDuplicates.DOCUMENT + 2, false)
                .withDictionaryEncoding(EarlierDuplicates.SIGNATURE, false)
                .withCompressionCodec(CompressionCodecName.SNAPPY)
                .build();
    }
}
