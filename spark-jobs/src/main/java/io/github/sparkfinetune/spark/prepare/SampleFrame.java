package io.github.sparkfinetune.spark.prepare;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.size;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.parquet.SampleSchema;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.spark.row.Rows;
import java.io.IOException;
import java.util.Iterator;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;

/** Samples of a prepared dataset as a DataFrame, for inspection. */
public final class SampleFrame {
    private static final String IDS = "input_ids";

    private SampleFrame() {}

    /**
     * Returns the samples with the columns of {@link SampleSchema}. Before these come {@code text}, the text of a
     * sample's tokens with special tokens, and {@code tokens}, the number of tokens.
     *
     * @param config configuration of the run, whose tokenizer decodes the ids
     * @param dataset folder of the dataset
     * @param split name of the split
     */
    public static Dataset<Row> of(SparkSession session, RunConfig config, Manifest manifest, Path dataset, String split)
            throws IOException {
        String[] files = manifest.split(split).shards().stream()
                .map(shard -> new Path(dataset, shard.file()).toString())
                .toArray(String[]::new);
        Dataset<Row> samples =
                session.read().parquet(files).select(size(col(IDS)).as("tokens"), col("*"));
        StructType schema = samples.schema().add("text", DataTypes.StringType, false);
        Broadcast<TokenizerFiles> tokenizer = JavaSparkContext.fromSparkContext(session.sparkContext())
                .broadcast(PrepareJob.tokenizer(config, session.sparkContext().hadoopConfiguration()));
        return samples.mapPartitions(new Decoding(tokenizer), Encoders.row(schema))
                .select("text", samples.columns());
    }

    private record Decoding(Broadcast<TokenizerFiles> files) implements MapPartitionsFunction<Row, Row> {
        @Override
        public Iterator<Row> call(Iterator<Row> rows) {
            TextTokenizer tokenizer = TextTokenizer.open(files.value());
            TaskContext.get().addTaskCompletionListener((TaskCompletionListener) ended -> tokenizer.close());
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return rows.hasNext();
                }

                @Override
                public Row next() {
                    Row row = rows.next();
                    int[] ids = row.<Integer>getList(row.fieldIndex(IDS)).stream()
                            .mapToInt(Integer::intValue)
                            .toArray();
                    return Rows.with(row, tokenizer.decodeWhole(ids));
                }
            };
        }
    }
}
