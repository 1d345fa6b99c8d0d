package io.github.sparkfinetune.spark.entity;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.redact.Redaction;
import io.github.sparkfinetune.data.redact.find.Span;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.testing.TaggingModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The model of {@code data.redact} on executors that are processes of their own. */
@Timeout(600)
class EntitiesOnExecutorsTest {
    @TempDir
    private Path folder;

    @Test
    void tasksOfAnExecutorShareTheModelAndTheDriverAsksThem() throws Exception {
        Path tagger = TaggingModel.write(folder.resolve("tagger"), Map.of("code", "B-LOC"));
        RunConfig config =
                Runs.in(folder, "data.redact.model=" + tagger, "data.redact.entities=[LOCATION]", "cluster.ranks=1");
        SparkSession spark = SparkSessions.open(config, "test", "local-cluster[1,2,1024]", Map.of());
        EntityModels models =
                EntityModels.of(spark.sparkContext(), Redaction.of(config.data().redact()));
        long onDriver = EntityModels.loads();

        List<String> found = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(List.of("code", "the code", "no", "of the code"), 4)
                .mapPartitions(texts -> {
                    List<String> all = new ArrayList<>();
                    texts.forEachRemaining(all::add);
                    String spans = models.open().find(all).toString();
                    return List.of(spans + EntityModels.loads()).iterator();
                })
                .collect();

        assertThat(found)
                .containsExactly(
                        "[[Span[start=0, end=4, entity=LOCATION]]]1",
                        "[[Span[start=4, end=8, entity=LOCATION]]]1",
                        "[[]]1",
                        "[[Span[start=7, end=11, entity=LOCATION]]]1");
        assertThat(models.onExecutor(spark.sparkContext()).find(List.of("a code")))
                .containsExactly(List.of(new Span(2, 6, "LOCATION")));
        assertThat(EntityModels.loads()).isEqualTo(onDriver);
    }
}
