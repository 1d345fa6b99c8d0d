package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.core.task.Column;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.data.dataset.parquet.ParquetLists;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.column.ParquetProperties;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.PositionOutputStream;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;
import org.apache.parquet.schema.Types;

/**
 * Writes rows of a {@link RowType} as a Parquet file with the types that Spark would write: texts are strings, and
 * lists have the three levels of Parquet's specification. Files are compressed with Snappy. The same rows give the same
 * bytes.
 */
final class RowWriter {
    private RowWriter() {}

    /**
     * Writes all rows.
     *
     * @param out stream, which is not closed
     * @param metadata metadata of the footer, written only if all rows were written
     */
    static void write(
            OutputStream out, RowType<?> type, Iterator<?> rows, Map<String, String> metadata, Configuration hadoop)
            throws IOException {
        Support support = new Support(type);
        try (ParquetWriter<Object> writer = new Builder(new Stream(out), support)
                .withConf(hadoop)
                .withCompressionCodec(CompressionCodecName.SNAPPY)
                .build()) {
            while (rows.hasNext()) {
                writer.write(rows.next());
            }
            support.metadata = metadata;
        }
        out.flush();
    }

    /**
     * Writes the rows of files in order, as row groups that are copied byte by byte.
     *
     * @param out stream, which is not closed
     * @param metadata metadata of the footer; the metadata of the files is left out
     */
    static void join(
            OutputStream out,
            RowType<?> type,
            Collection<Path> files,
            Map<String, String> metadata,
            Configuration hadoop)
            throws IOException {
        ParquetFileWriter writer = new ParquetFileWriter(
                new Stream(out),
                schema(type),
                ParquetFileWriter.Mode.CREATE,
                ParquetWriter.DEFAULT_BLOCK_SIZE,
                ParquetWriter.MAX_PADDING_SIZE_DEFAULT,
                ParquetProperties.DEFAULT_COLUMN_INDEX_TRUNCATE_LENGTH,
                ParquetProperties.DEFAULT_STATISTICS_TRUNCATE_LENGTH,
                ParquetProperties.DEFAULT_PAGE_WRITE_CHECKSUM_ENABLED);
        writer.start();
        for (Path file : files) {
            writer.appendFile(HadoopInputFile.fromPath(file, hadoop));
        }
        writer.end(metadata);
        out.flush();
    }

    /** Returns Parquet's schema of rows. */
    static MessageType schema(RowType<?> type) {
        return Types.buildMessage()
                .addFields(type.columns().stream().map(RowWriter::field).toArray(Type[]::new))
                .named("rows");
    }

    private static Type field(Column column) {
        Repetition repetition = column.isNullable() ? Repetition.OPTIONAL : Repetition.REQUIRED;
        return switch (column.type()) {
            case INT -> primitive(PrimitiveTypeName.INT32, repetition, column.name());
            case LONG -> primitive(PrimitiveTypeName.INT64, repetition, column.name());
            case DOUBLE -> primitive(PrimitiveTypeName.DOUBLE, repetition, column.name());
            case STRING -> string(repetition, column.name());
            case FLOATS -> list(repetition, primitive(PrimitiveTypeName.FLOAT, Repetition.REQUIRED, "element"), column);
            case DOUBLES ->
                list(repetition, primitive(PrimitiveTypeName.DOUBLE, Repetition.REQUIRED, "element"), column);
            case STRINGS -> list(repetition, string(Repetition.REQUIRED, "element"), column);
            case ROWS ->
                list(
                        repetition,
                        Types.requiredGroup()
                                .addFields(column.rows().columns().stream()
                                        .map(RowWriter::field)
                                        .toArray(Type[]::new))
                                .named("element"),
                        column);
        };
    }

    private static PrimitiveType primitive(PrimitiveTypeName type, Repetition repetition, String name) {
        return Types.primitive(type, repetition).named(name);
    }

    private static PrimitiveType string(Repetition repetition, String name) {
        return Types.primitive(PrimitiveTypeName.BINARY, repetition)
                .as(LogicalTypeAnnotation.stringType())
                .named(name);
    }

    private static Type list(Repetition repetition, Type element, Column column) {
        return Types.list(repetition).element(element).named(column.name());
    }

    private static final class Builder extends ParquetWriter.Builder<Object, Builder> {
        private final Support support;

        Builder(OutputFile file, Support support) {
            super(file);
            this.support = support;
        }

        @Override
        protected Builder self() {
            return this;
        }

        @Override
        protected WriteSupport<Object> getWriteSupport(Configuration hadoop) {
            return support;
        }
    }

    private static final class Support extends WriteSupport<Object> {
        private final RowType<?> type;
        private Map<String, String> metadata = Map.of();
        private RecordConsumer out;

        Support(RowType<?> type) {
            this.type = type;
        }

        @Override
        public WriteContext init(Configuration hadoop) {
            return new WriteContext(schema(type), Map.of());
        }

        @Override
        public void prepareForWrite(RecordConsumer consumer) {
            out = consumer;
        }

        @Override
        public FinalizedWriteContext finalizeWrite() {
            return new FinalizedWriteContext(metadata);
        }

        @Override
        public void write(Object row) {
            out.startMessage();
            fields(type.columns(), row);
            out.endMessage();
        }

        private void fields(List<Column> columns, Object row) {
            for (int i = 0; i < columns.size(); i++) {
                Column column = columns.get(i);
                Object value = column.of(row);
                if (value != null) {
                    out.startField(column.name(), i);
                    value(column, value);
                    out.endField(column.name(), i);
                }
            }
        }

        private void value(Column column, Object value) {
            switch (column.type()) {
                case INT -> out.addInteger((Integer) value);
                case LONG -> out.addLong((Long) value);
                case DOUBLE -> out.addDouble((Double) value);
                case STRING -> string((String) value);
                case FLOATS -> {
                    float[] values = (float[]) value;
                    ParquetLists.write(out, values.length, i -> out.addFloat(values[i]));
                }
                case DOUBLES -> {
                    double[] values = (double[]) value;
                    ParquetLists.write(out, values.length, i -> out.addDouble(values[i]));
                }
                case STRINGS -> {
                    List<?> values = (List<?>) value;
                    ParquetLists.write(out, values.size(), i -> string((String) values.get(i)));
                }
                case ROWS -> {
                    List<?> values = (List<?>) value;
                    ParquetLists.write(out, values.size(), i -> {
                        out.startGroup();
                        fields(column.rows().columns(), values.get(i));
                        out.endGroup();
                    });
                }
            }
        }

        private void string(String value) {
            out.addBinary(Binary.fromString(value));
        }
    }

    /** Stream that the caller opens and closes. */
    private record Stream(OutputStream out) implements OutputFile {
        @Override
        public PositionOutputStream create(long blockSizeHint) {
            return new Counting(out);
        }

        @Override
        public PositionOutputStream createOrOverwrite(long blockSizeHint) {
            return create(blockSizeHint);
        }

        @Override
        public boolean supportsBlockSize() {
            return false;
        }

        @Override
        public long defaultBlockSize() {
            return 0;
        }
    }

    private static final class Counting extends PositionOutputStream {
        private final OutputStream out;
        private long position;

        Counting(OutputStream out) {
            this.out = out;
        }

        @Override
        public long getPos() {
            return position;
        }

        @Override
        public void write(int value) throws IOException {
            out.write(value);
            position++;
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            out.write(bytes, from, length);
            position += length;
        }

        @Override
        public void flush() throws IOException {
            out.flush();
        }

        @Override
        public void close() {
            // The caller closes the stream, or aborts it.
        }
    }
}
