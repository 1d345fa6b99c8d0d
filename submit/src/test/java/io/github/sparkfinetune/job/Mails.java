package io.github.sparkfinetune.job;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** A session as a notebook has it, and runs in it that tell mails about cats from mails about dogs. */
public final class Mails {
    /** Base model of the runs. */
    public static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");

    private Mails() {}

    /** Starts a session with room for two ranks. */
    public static SparkSession session() {
        return SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "2")
                .config("spark.executor.heartbeatInterval", "1s")
                .getOrCreate();
    }

    /** Returns rows with the columns text and label. */
    public static Dataset<Row> rows(SparkSession session, int count) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rows.add(RowFactory.create(
                    (i % 2 == 0 ? "a cat and a cat " : "the dog of a dog ") + i, i % 2 == 0 ? "cat" : "dog"));
        }
        return session.createDataFrame(
                rows, new StructType().add("text", DataTypes.StringType).add("label", DataTypes.StringType));
    }

    /** Returns the settings of a run on the rows of a source. */
    public static List<String> settings(String source, Path output, String... more) {
        List<String> all = new ArrayList<>(List.of(
                "model=" + MODEL,
                "task=classification",
                "data.train=" + source,
                "data.eval_fraction=0.0",
                "data.test_fraction=0.2",
                "data.max_length=16",
                "data.shards=2",
                "training.per_device_train_batch_size=4",
                "training.learning_rate=5e-3",
                "cluster.ranks=2",
                "output.dir=" + output));
        all.addAll(List.of(more));
        return all;
    }
}
