package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.task.TaskInput;
import io.github.sparkfinetune.core.task.TaskSpecs;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.prepare.TokenizedPrompt;
import io.github.sparkfinetune.spark.prepare.TokenizedText;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.sql.SparkSession;
import scala.Tuple2;

/** Raw rows to predict, read, cleaned and tokenized as for training. */
final class TaskInputs {
    private TaskInputs() {}

    /**
     * The rows of a source with their places in it, in order.
     *
     * @param key configuration key of the path, for messages
     * @param path file, folder or glob, in the format of {@code data.format}
     * @param tasks how many are to compute them at least
     */
    static JavaRDD<TaskInput> read(SparkSession session, RunConfig config, String key, String path, int tasks) {
        return TaskSpecs.of(config.task()).readsPrompts()
                ? numbered(PrepareJob.prompts(session, config, key, path), tasks, TaskInputs::prompt)
                : numbered(PrepareJob.tokenize(session, config, key, path), tasks, TaskInputs::text);
    }

    /** A small source is a partition or two, which as many ranks would compute: it is cut into ranges of rows. */
    private static <T> JavaRDD<TaskInput> numbered(JavaRDD<T> rows, int tasks, Function2<Long, T, TaskInput> input) {
        JavaPairRDD<Long, T> numbered = rows.zipWithIndex().mapToPair(Tuple2::swap);
        return (rows.getNumPartitions() < tasks ? numbered.sortByKey(true, tasks) : numbered)
                .map(row -> input.call(row._1(), row._2()));
    }

    private static TaskInput text(long index, TokenizedText row) {
        return new TaskInput(
                index, row.file(), row.text(), row.pair(), null, row.inputIds(), row.tokenTypeIds(), row.badBecause());
    }

    private static TaskInput prompt(long index, TokenizedPrompt row) {
        return new TaskInput(
                index, row.file(), row.text(), null, row.reference(), row.inputIds(), null, row.badBecause());
    }
}
