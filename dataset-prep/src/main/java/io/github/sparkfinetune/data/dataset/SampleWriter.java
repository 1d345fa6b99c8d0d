package io.github.sparkfinetune.data.dataset;

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
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.MessageType;

/**
 * Writes the samples of one shard as Parquet, in row groups of {@value #ROWS_PER_GROUP} rows (the last one shorter):
 * small enough to hold a few in memory and to shuffle by.
 */
public final class SampleWriter implements Closeable {
    /** Rows of a row group. */
    public static final int ROWS_PER_GROUP = 1000;

    private final ParquetWriter<Sample> writer;

    /**
     * @param file written anew; an existing file is replaced
     * @param columns what is written of a sample besides its input ids
     */
    public SampleWriter(Path file, SampleColumns columns, Configuration hadoop) throws IOException {
        writer = new Builder(HadoopOutputFile.fromPath(file, hadoop), columns)
                .withConf(hadoop)
                .withWriteMode(ParquetFileWriter.Mode.OVERWRITE)
                .withWriterVersion(ParquetProperties.WriterVersion.PARQUET_1_0)
                .withCompressionCodec(CompressionCodecName.SNAPPY)
                // Token ids repeat too little within a row group for a dictionary to pay.
                .withDictionaryEncoding(false)
                .withPageWriteChecksumEnabled(true)
                // This version of Parquet cuts row groups by bytes only, and looks at the bytes after so many rows: any
                // row group is above one byte, so it is cut at the first look.
                .withRowGroupSize(1L)
                .withMinRowCountForPageSizeCheck(ROWS_PER_GROUP)
                .withMaxRowCountForPageSizeCheck(ROWS_PER_GROUP)
                .withMaxPaddingSize(0)
                .build();
    }

    /** Appends one sample; its index is its place and is not written. */
    public void write(Sample sample) throws IOException {
        writer.write(sample);
    }

    @Override
    public void close() throws IOException {
        writer.close();
    }

    /** After {@link #close}: rows of each row group, as the file's footer has them. */
    public List<Integer> rowGroups() {
        return rowGroups(writer.getFooter().getBlocks());
    }

    static List<Integer> rowGroups(List<BlockMetaData> blocks) {
        return blocks.stream()
                .map(block -> Math.toIntExact(block.getRowCount()))
                .toList();
    }

    private static final class Builder extends ParquetWriter.Builder<Sample, Builder> {
        private final SampleColumns columns;

        Builder(OutputFile file, SampleColumns columns) {
            super(file);
            this.columns = columns;
        }

        @Override
        protected Builder self() {
            return this;
        }

        @Override
        protected WriteSupport<Sample> getWriteSupport(Configuration hadoop) {
            return new Support(columns);
        }
    }

    private static final class Support extends WriteSupport<Sample> {
        private final SampleColumns columns;
        private RecordConsumer out;

        Support(SampleColumns columns) {
            this.columns = columns;
        }

        @Override
        public WriteContext init(Configuration hadoop) {
            MessageType schema = SampleSchema.of(columns);
            return new WriteContext(schema, Map.of());
        }

        @Override
        public void prepareForWrite(RecordConsumer consumer) {
            out = consumer;
        }

        @Override
        public void write(Sample sample) {
            out.startMessage();
            int field = 0;
            list(SampleSchema.INPUT_IDS, field++, sample.inputIds());
            if (columns.tokenTypes()) {
                list(SampleSchema.TOKEN_TYPE_IDS, field++, sample.tokenTypeIds());
            }
            if (columns.label()) {
                out.startField(SampleSchema.LABEL, field);
                out.addInteger(sample.label());
                out.endField(SampleSchema.LABEL, field++);
            }
            if (columns.labels()) {
                list(SampleSchema.LABELS, field++, sample.labels());
            }
            if (columns.documents()) {
                list(SampleSchema.DOCUMENTS, field, sample.documents());
            }
            out.endMessage();
        }

        private void list(String name, int field, int[] values) {
            out.startField(name, field);
            out.startGroup();
            out.startField("list", 0);
            for (int value : values) {
                out.startGroup();
                out.startField("element", 0);
                out.addInteger(value);
                out.endField("element", 0);
                out.endGroup();
            }
            out.endField("list", 0);
            out.endGroup();
            out.endField(name, field);
        }
    }
}
