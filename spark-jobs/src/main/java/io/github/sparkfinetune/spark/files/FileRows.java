package io.github.sparkfinetune.spark.files;

import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;
import org.apache.hadoop.io.compress.SplittableCompressionCodec;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Rows of files of text. Spark's own readers keep an index of all files in the driver, 820 bytes a file; here a file
 * takes at most 40, in the list and in a task. Tasks are not sent to the machines that have the blocks of their files.
 */
public final class FileRows {
    /** Column with a line or with the text of a file. */
    public static final String VALUE = "value";
    /** Column with the path of the file. No column of a source has this name. */
    public static final String PATH = "_spark_finetune_file";

    private final SparkSession spark;
    private final String encoding;
    private final Configuration hadoop;

    /** @param encoding character set of the files */
    public FileRows(SparkSession spark, String encoding) {
        this.spark = spark;
        this.encoding = encoding;
        this.hadoop = new Configuration(spark.sparkContext().hadoopConfiguration());
        hadoop.set(RawTexts.CODECS, ZstdCodec.class.getName());
    }

    /**
     * Returns the lines of files, compressed or not, except blank ones.
     *
     * @param most see {@link FileSlices#of}
     * @param open see {@link FileSlices#of}
     * @param end bytes that end a line; null for a line feed, a carriage return, or both
     * @param partitions names of the columns in the names of folders, which become columns of the rows
     */
    public Dataset<Row> lines(FileList files, long most, long open, byte[] end, List<String> partitions) {
        CompressionCodecFactory codecs = new CompressionCodecFactory(hadoop);
        String charset = encoding;
        return rows(
                FileSlices.of(files, most, open, path -> isCuttable(codecs.getCodec(new Path(path)))),
                (slice, settings) -> new LineReader(slice, charset, end, settings),
                partitions);
    }

    private static boolean isCuttable(CompressionCodec codec) {
        return codec == null || codec instanceof SplittableCompressionCodec;
    }

    /**
     * Returns the text of each file.
     *
     * @param most see {@link FileSlices#of}
     * @param open see {@link FileSlices#of}
     * @param maxTextBytes length at which a text is cut; little more is read
     */
    public Dataset<Row> texts(FileList files, long most, long open, int maxTextBytes) {
        String charset = encoding;
        int bytes = RawTexts.mostBytes(maxTextBytes);
        return rows(
                FileSlices.of(files, most, open, path -> false),
                (slice, settings) -> new TextReader(slice, charset, bytes, settings),
                List.of());
    }

    private Dataset<Row> rows(List<FileSlices> slices, SliceReader.Opener opener, List<String> partitions) {
        SerializableConfiguration settings = new SerializableConfiguration(hadoop);
        List<String> names = List.copyOf(partitions);
        StructType schema = new StructType().add(PATH, DataTypes.BinaryType);
        Column[] columns = new Column[2 + names.size()];
        // A cast of bytes to a string copies nothing.
        columns[0] = functions.col(VALUE).cast(DataTypes.StringType).as(VALUE);
        columns[1] = functions.col(PATH).cast(DataTypes.StringType).as(PATH);
        for (int i = 0; i < names.size(); i++) {
            schema = schema.add("_" + i, DataTypes.StringType);
            columns[2 + i] = functions.col("_" + i).as(names.get(i));
        }
        schema = schema.add(VALUE, DataTypes.BinaryType);
        return spark.createDataFrame(
                        JavaSparkContext.fromSparkContext(spark.sparkContext())
                                .parallelize(slices, Math.max(1, slices.size()))
                                .mapPartitions(tasks -> new SliceRows(tasks, opener, names, settings.value())),
                        schema)
                .select(columns);
    }
}
