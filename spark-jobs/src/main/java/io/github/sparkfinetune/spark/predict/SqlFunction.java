package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.RowCleaner;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.entity.EntityModels;
import io.github.sparkfinetune.spark.model.ComputeTurn;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.row.Rows;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Trained model as a function of Spark SQL. Its arguments are the texts that the task reads, its value is the column
 * {@link TaskSpec#predictionColumn} of the prediction, null for a row that cannot be used. A task loads the model once;
 * rows are computed one by one, because Spark calls a function for each row.
 */
public final class SqlFunction {
    /** Tasks that compute, by function and attempt. */
    private static final Map<Attempt, Row<?>> OPEN = new ConcurrentHashMap<>();

    private SqlFunction() {}

    private record Attempt(String command, long task) {}

    /**
     * Registers the function in a session.
     *
     * @param name name of the function
     * @param config configuration of the run whose model predicts, with absolute paths
     * @throws RunException if there is no model, or the model reads something else than one text or two
     */
    public static void register(SparkSession session, String name, RunConfig config) {
        SparkSessions.requireSerializer(session);
        try {
            Predictor.check(config, session.sparkContext().hadoopConfiguration());
            TokenizerFiles tokenizer =
                    PrepareJob.tokenizer(config, session.sparkContext().hadoopConfiguration());
            session.udf().register(name, function(session.sparkContext(), config, TaskDatas.of(config), tokenizer));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static <C> UserDefinedFunction function(
            SparkContext spark, RunConfig config, TaskData<C> task, TokenizerFiles tokenizer) {
        List<String> columns = Stream.of(config.data().text(), config.data().textPair())
                .filter(column -> column != null)
                .toList();
        Reading<C> reading = task.reading(new FrameSource(columns), tokenizer, false);
        if (!(reading instanceof Reading.Texts<C> texts)) {
            throw RunException.config("task: a function reads texts, and a model of "
                    + config.task().configName() + " reads conversations: use predict with a DataFrame");
        }
        TaskSpec spec = TaskSpecs.of(config);
        Calls<C> calls = new Calls<>(
                ModelTask.ofFrame(spark, config, ModelTask.newCommand()),
                task,
                texts.cleaner(),
                EntityModels.of(spark, config.data().redact()),
                JavaSparkContext.fromSparkContext(spark).broadcast(tokenizer));
        DataType type = Rows.schema(spec.predictionRows())
                .apply(spec.predictionColumn())
                .dataType();
        UserDefinedFunction function = switch (texts.columns().size()) {
            case 1 -> functions.udf((UDF1<Object, Object>) text -> calls.of(text), type);
            case 2 -> functions.udf((UDF2<Object, Object, Object>) (text, pair) -> calls.of(text, pair), type);
            default ->
                throw RunException.config("task: a model of " + config.task().configName() + " reads "
                        + texts.columns().size() + " texts, and a function one or two");
        };
        // Equal texts may have other predictions where answers are sampled.
        return config.generation().doSample() ? function.asNondeterministic() : function;
    }

    /** Calls of a function. */
    private record Calls<C>(
            ModelTask model,
            TaskData<C> task,
            RowCleaner.Factory<C> cleaner,
            EntityModels entities,
            Broadcast<TokenizerFiles> files)
            implements Serializable {

        private Object of(Object... texts) throws Exception {
            List<String> values = new ArrayList<>();
            for (Object text : texts) {
                values.add(text == null ? null : text.toString());
            }
            if (TaskContext.get() != null) {
                return predicted(values);
            }
            // Spark computes constant rows on the driver, which has no model.
            return new JavaSparkContext(SparkContext.getOrCreate())
                    .parallelize(List.of(values), 1)
                    .map(this::predicted)
                    .first();
        }

        private Object predicted(List<String> texts) throws Exception {
            TaskContext context = TaskContext.get();
            Attempt attempt = new Attempt(model.command(), context.taskAttemptId());
            Row<?> row = OPEN.get(attempt);
            if (row == null) {
                row = open(context);
                OPEN.put(attempt, row);
                context.addTaskCompletionListener((TaskCompletionListener) ended -> OPEN.remove(attempt));
            }
            return row.predicted(texts);
        }

        private Row<C> open(TaskContext context) throws Exception {
            ComputeTurn.take(context, model.placement().gpu(context));
            TextTokenizer tokenizer = TextTokenizer.open(files.value());
            context.addTaskCompletionListener((TaskCompletionListener) ended -> tokenizer.close());
            return new Row<>(
                    cleaner.open(entities.open()),
                    task.inputs(tokenizer, files.value()),
                    model.open(),
                    TaskSpecs.of(model.config()));
        }
    }

    /** Prediction of single rows in a task. */
    private record Row<C>(
            RowCleaner<C> cleaner, Function<CleanRow<C>, TaskInput> inputs, Predictor predictor, TaskSpec spec) {
        private Object predicted(List<String> texts) throws Exception {
            TaskInput input = inputs.apply(cleaner.clean(texts::get));
            PredictedRow row = predictor.predict(List.of(input).iterator()).next();
            return Rows.value(spec.predictionRows(), spec.predictionColumn(), row);
        }
    }
}
