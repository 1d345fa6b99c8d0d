package io.github.sparkfinetune.data.dataset.parquet;

import io.github.sparkfinetune.data.dataset.EpochOrder;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleOutput;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.column.ParquetProperties;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopOutputFile;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;

/**
 * Writes the samples of one shard: a Parquet file with the columns of its {@link SampleSchema}.
 *
 * <ul>
 *   <li>Row groups have {@value #ROWS_PER_GROUP} rows each; the last of a file has the rest. A row group is small
 *       enough to hold a few in memory, and is the unit that {@link EpochOrder} shuffles. A row's index is its place in
 *       the file.
 *   <li>Pages are of Parquet's version 1.0, compressed with Snappy, with a CRC-32 checksum each. They are encoded
 *       plainly (without a dictionary), and not padded to the blocks of a file system.
 *   <li>There is no key-value metadata of this project. The same samples give the same bytes, except for the order in
 *       which the footer lists the encodings of a column; to Parquet these encodings are a set.
 * </ul>
 */
public final class SampleWriter implements SampleOutput, Closeable {
    /** Rows of a row group. */
    public static final int ROWS_PER_GROUP = 1000;

    private final ParquetWriter<Sample> writer;

    /**
     * Creates a shard.
     *
     * @param file written anew; an existing file is replaced
     * @param schema columns to write
     */
    public SampleWriter(Path file, SampleSchema schema, Configuration hadoop) throws IOException {
        writer = new Builder(HadoopOutputFile.fromPath(file, hadoop), schema)
                .withConf(hadoop)
                .withWriteMode(ParquetFileWriter.Mode.OVERWRITE)
                .withWriterVersion(ParquetProperties.WriterVersion.PARQUET_1_0)
                .withCompressionCodec(CompressionCodecName.SNAPPY)
                // Token ids rarely repeat within a row group, so a dictionary does not pay.
                .withDictionaryEncoding(false)
                .withPageWriteChecksumEnabled(true)
                // This version of Parquet cuts row groups by bytes only, and checks the bytes after so many rows. Any
                // row group exceeds one byte, so it is cut at the first check.
                .withRowGroupSize(1L)
                .withMinRowCountForPageSizeCheck(ROWS_PER_GROUP)
                .withMaxRowCountForPageSizeCheck(ROWS_PER_GROUP)
                .withMaxPaddingSize(0)
                .build();
    }

    @Override
    public void write(Sample sample) throws IOException {
        writer.write(sample);
    }

    @Override
    public void close() throws IOException {
        writer.close();
    }

    /** Returns the rows of each row group as the file's footer lists them; call it after {@link #close}. */
    public List<Integer> rowGroups() {
        return rowGroups(writer.getFooter().getBlocks());
    }

    static List<Integer> rowGroups(List<BlockMetaData> blocks) {
        return blocks.stream()
                .map(block -> Math.toIntExact(block.getRowCount()))
                .toList();
    }

    private static final class Builder extends ParquetWriter.Builder<Sample, Builder> {
        private final SampleSchema schema;

        Builder(OutputFile file, SampleSchema schema) {
            super(file);
            this.schema = schema;
        }

        @Override
        protected Builder self() {
            return this;
        }

        @Override
        protected WriteSupport<Sample> getWriteSupport(Configuration hadoop) {
            return new Support(schema);
        }
    }

    private static final class Support extends WriteSupport<Sample> {
        private final SampleSchema schema;
        private RecordConsumer out;

        Support(SampleSchema schema) {
            this.schema = schema;
        }

        @Override
        public WriteContext init(Configuration hadoop) {
            return new WriteContext(schema.toParquet(), Map.of());
        }

        @Override
        public void prepareForWrite(RecordConsumer consumer) {
            out = consumer;
        }

        @Override
        public void write(Sample sample) {
            out.startMessage();
            int field = 0;
            for (SampleSchema.Column column : schema.columns()) {
                out.startField(column.field(), field);
                add(column.kind(), column.value(sample));
                out.endField(column.field(), field++);
            }
            out.endMessage();
        }

        private void add(SampleSchema.Values kind, Object value) {
            switch (kind) {
                case INT -> out.addInteger((Integer) value);
                case STRING -> out.addBinary(Binary.fromString((String) value));
                case INTS -> {
                    int[] values = (int[]) value;
                    ParquetLists.write(out, values.length, i -> out.addInteger(values[i]));
                }
                case DOUBLES -> {
                    double[] values = (double[]) value;
                    ParquetLists.write(out, values.length, i -> out.addDouble(values[i]));
                }
            }
        }
    }
}
