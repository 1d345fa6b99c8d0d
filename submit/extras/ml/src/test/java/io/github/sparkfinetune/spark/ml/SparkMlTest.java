package io.github.sparkfinetune.spark.ml;

import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Session of two cores for a test class, and trainers of tiny real models. */
abstract class SparkMlTest {
    static final Path MODELS = Path.of("../finetune-core/src/test/resources/golden/models");

    @TempDir
    static Path dir;

    static SparkSession spark;

    @BeforeAll
    static void start() {
        spark = SparkSession.builder()
                .master("local[2]")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "2")
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    /** Sets a golden model and small settings on a trainer. */
    static <S extends Trainer<S, M>, M extends TrainedModel<M>> S tiny(S trainer, String model) {
        return trainer.setModel(MODELS.resolve(model).toString())
                .setOutputDir(dir.resolve("fits").toString())
                .setPerDeviceTrainBatchSize(4)
                .setRanks(2)
                .setSeed(1);
    }

    static Dataset<Row> frame(StructType schema, List<Row> rows) {
        return spark.createDataFrame(rows, schema);
    }
}
