package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.metric.ClassificationTally;
import io.github.sparkfinetune.core.predict.ClassPredictor;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.predict.TextPredictor;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.prepare.TokenizedPrompt;
import io.github.sparkfinetune.spark.prepare.TokenizedText;
import io.github.sparkfinetune.spark.run.RunPaths;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.Tuple2;

/**
 * Predicts the labels of raw texts, or answers prompts, with a trained model: read, cleaned and tokenized as for
 * training, written as Parquet in the order of the source. No row passes through the driver.
 *
 * <p>Columns of labels: {@code index} (place of the row in the source), {@code file}, {@code text}, {@code text_pair},
 * {@code prediction}, {@code score} (its probability), {@code probabilities} (in the order of the model's label ids),
 * {@code error} (why a row could not be used; then the columns before it are null). Columns of answers: {@code index},
 * {@code file}, {@code prompt} (as the model reads it), {@code reference} (the answer that the row has, if any),
 * {@code generated}, {@code error} (then {@code generated} is null).
 */
public final class PredictJob {
    private static final StructType LABELS = new StructType()
            .add("index", DataTypes.LongType, false)
            .add("file", DataTypes.StringType)
            .add("text", DataTypes.StringType)
            .add("text_pair", DataTypes.StringType)
            .add("prediction", DataTypes.StringType)
            .add("score", DataTypes.DoubleType)
            .add("probabilities", DataTypes.createArrayType(DataTypes.DoubleType, false))
            .add("error", DataTypes.StringType);

    private static final StructType ANSWERS = new StructType()
            .add("index", DataTypes.LongType, false)
            .add("file", DataTypes.StringType)
            .add("prompt", DataTypes.StringType)
            .add("reference", DataTypes.StringType)
            .add("generated", DataTypes.StringType)
            .add("error", DataTypes.StringType);

    private PredictJob() {}

    /**
     * Predicts every row of {@code input} by the model in the output folder.
     *
     * @param config its {@code data} section says how the input is read
     * @param key configuration key of the input's path, for messages
     * @param input file, folder or glob, in the format of {@code data.format}
     * @param output folder of the Parquet files; must not exist
     * @throws RunException if the input, the model or the output can not be used
     */
    public static void run(SparkSession session, RunConfig config, String key, String input, String output) {
        SparkContext spark = session.sparkContext();
        Configuration hadoop = spark.hadoopConfiguration();
        RunConfig resolved = RunPaths.resolve(config, spark.master(), hadoop);
        String from = RunPaths.absolute(key, input, hadoop);
        String to = RunPaths.absolute("output", output, hadoop);
        try {
            Path target = new Path(to);
            FileSystem files = target.getFileSystem(hadoop);
            if (files.exists(target)) {
                throw RunException.config(to + " exists already: choose another output, or delete it");
            }
            Predictor.check(resolved, hadoop);
            int tasks = resolved.cluster().ranks();
            ModelTask model = ModelTask.of(spark, resolved, ModelTask.Which.TRAINED, tasks);
            boolean generates = resolved.task().generates();
            JavaRDD<Row> predicted = generates
                    ? numbered(PrepareJob.prompts(session, resolved, key, from), tasks)
                            .mapPartitions(new Answering(model))
                    : numbered(PrepareJob.tokenize(session, resolved, key, from), tasks)
                            .mapPartitions(new Labelling(model));
            session.createDataFrame(model.placement().place(predicted.rdd()).toJavaRDD(), generates ? ANSWERS : LABELS)
                    .write()
                    .mode(SaveMode.ErrorIfExists)
                    .parquet(to);
        } catch (Exception e) {
            // Exception, because Spark's Scala code throws checked ones undeclared.
            throw Errors.explain("the prediction of " + from, e);
        }
    }

    /**
     * Rows with their place in the source, in order. A small source is a partition or two, of which as many ranks would
     * compute all: it is cut into ranges of rows, one a rank.
     */
    private static <T> JavaPairRDD<Long, T> numbered(JavaRDD<T> rows, int tasks) {
        JavaPairRDD<Long, T> numbered = rows.zipWithIndex().mapToPair(Tuple2::swap);
        return rows.getNumPartitions() < tasks ? numbered.sortByKey(true, tasks) : numbered;
    }

    private record Labelling(ModelTask model) implements FlatMapFunction<Iterator<Tuple2<Long, TokenizedText>>, Row> {
        @Override
        public Iterator<Row> call(Iterator<Tuple2<Long, TokenizedText>> texts) throws IOException {
            if (!texts.hasNext()) {
                return List.<Row>of().iterator();
            }
            ClassPredictor predictor = model.open().classes();
            List<String> labels = predictor.labels();
            return new ClassPrediction<Tuple2<Long, TokenizedText>>(
                            predictor,
                            text -> text._2().badBecause() == null ? text._2().sample(text._1()) : null,
                            (text, logits) -> row(labels, text._1(), text._2(), logits))
                    .of(texts);
        }

        private static Row row(List<String> labels, long index, TokenizedText text, float[] logits) {
            if (logits == null) {
                return RowFactory.create(
                        index, text.file(), text.text(), text.pair(), null, null, null, text.badBecause());
            }
            double[] probabilities = ClassificationTally.probabilities(logits);
            int best = ClassificationTally.highest(logits);
            return RowFactory.create(
                    index,
                    text.file(),
                    text.text(),
                    text.pair(),
                    labels.get(best),
                    probabilities[best],
                    probabilities,
                    null);
        }
    }

    private record Answering(ModelTask model) implements FlatMapFunction<Iterator<Tuple2<Long, TokenizedPrompt>>, Row> {
        @Override
        public Iterator<Row> call(Iterator<Tuple2<Long, TokenizedPrompt>> prompts) throws IOException {
            if (!prompts.hasNext()) {
                return List.<Row>of().iterator();
            }
            TextPredictor predictor = model.open().texts();
            return new PromptAnswering(predictor)
                    .of(prompts, model.config().training().perDeviceEvalBatchSize());
        }
    }
}
