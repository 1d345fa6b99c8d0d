package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.predict.Embedder;
import io.github.sparkfinetune.core.rank.UnitVectors;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.spark.cluster.ComputingTasks;
import io.github.sparkfinetune.spark.cluster.DjlSettings;
import io.github.sparkfinetune.spark.cluster.Placement;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.entity.EntityModels;
import io.github.sparkfinetune.spark.model.ComputeTurn;
import io.github.sparkfinetune.spark.model.TaskModels;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.source.Columns;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.Map;
import java.util.function.LongFunction;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.util.SerializableConfiguration;

/** Tokens of the texts of a DataFrame, and their embeddings by a model without training. */
public final class FrameEmbeddings {
    private FrameEmbeddings() {}

    /**
     * Adds a column of embeddings, arrays of F32. The value is null for a row that cannot be used.
     *
     * @param config configuration with task {@code classification} and absolute paths: the model, and how texts are cut
     *     and batched
     * @param text column of the texts
     * @param name name that is equal for tasks which may share the loaded model, as long as the run's settings are
     *     equal
     * @param normalize whether an embedding is divided by its Euclidean norm
     * @param column name of the new column
     * @throws RunException if the model cannot be used
     */
    public static Dataset<Row> of(
            Dataset<?> frame, RunConfig config, Column text, String name, boolean normalize, String column) {
        SparkContext spark = frame.sparkSession().sparkContext();
        Embedding step = new Embedding(
                config,
                name,
                normalize,
                Placement.ofWholeExecutor(spark, config),
                new SerializableConfiguration(spark.hadoopConfiguration()));
        Dataset<Row> embedded = with(frame, config, text, step, field(column, DataTypes.FloatType));
        try {
            Embedder.check(config, spark.hadoopConfiguration());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return embedded;
    }

    /**
     * Adds a column of token ids, arrays of I32 with special tokens. The value is null for a row that cannot be used.
     *
     * @param config configuration as in {@link #of}
     * @param text column of the texts
     * @param column name of the new column
     * @throws RunException if the tokenizer cannot be used
     */
    public static Dataset<Row> tokens(Dataset<?> frame, RunConfig config, Column text, String column) {
        return with(frame, config, text, new Tokens(), field(column, DataTypes.IntegerType));
    }

    private static StructField field(String column, DataType element) {
        return new StructField(column, DataTypes.createArrayType(element, false), true, Metadata.empty());
    }

    private static Dataset<Row> with(
            Dataset<?> frame, RunConfig config, Column text, FrameRows.Step step, StructField added) {
        SparkSessions.requireSerializer(frame.sparkSession());
        try {
            TokenizerFiles tokenizer = PrepareJob.tokenizer(
                    config, frame.sparkSession().sparkContext().hadoopConfiguration());
            return FrameRows.with(
                    frame.toDF(),
                    TaskDatas.of(config),
                    tokenizer,
                    Map.of(config.data().text(), text),
                    Columns.person(frame.toDF(), config.data().redact().person()),
                    functions.lit(null),
                    EntityModels.of(
                            frame.sparkSession().sparkContext(), config.data().redact()),
                    step,
                    added);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private record Key(String name, String model, int batchSize, int gpu, int threads) {}

    private record Embedding(
            RunConfig config,
            String name,
            boolean normalize,
            Placement placement,
            SerializableConfiguration configuration)
            implements FrameRows.Step {
        @Override
        public Iterator<FrameRows.Made> open(Iterator<TaskInput> inputs, LongFunction<String> group) throws Exception {
            TaskContext context = TaskContext.get();
            ComputeTurn.take(context, placement.gpu(context));
            ComputingTasks.begin(context);
            DjlSettings.apply();
            int threads = placement.threads(context);
            Key key = new Key(
                    name, config.model(), config.training().perDeviceEvalBatchSize(), placement.gpu(context), threads);
            TaskModels.Loaded<Embedder> loaded = TaskModels.take(
                    key,
                    key,
                    folder -> Embedder.load(config, configuration.value(), folder, key.gpu(), threads),
                    Embedder::close);
            TaskModels.giveAtEnd(context, loaded);
            loaded.model().attach(threads);
            return ComputingTasks.rows(context, FrameRows.each(loaded.model().embed(inputs), this::made));
        }

        private FrameRows.Made made(Embedder.Embedded embedded) {
            float[] vector = embedded.vector();
            return new FrameRows.Made(
                    embedded.index(), normalize && vector != null ? UnitVectors.unit(vector) : vector);
        }
    }

    private record Tokens() implements FrameRows.Step {
        @Override
        public Iterator<FrameRows.Made> open(Iterator<TaskInput> inputs, LongFunction<String> group) {
            return FrameRows.each(
                    inputs,
                    input -> new FrameRows.Made(
                            input.index(),
                            input.error() == null ? input.sample().inputIds() : null));
        }
    }
}
