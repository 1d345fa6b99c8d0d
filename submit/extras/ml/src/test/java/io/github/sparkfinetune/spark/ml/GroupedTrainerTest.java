package io.github.sparkfinetune.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.model.TaskModels;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Adapters for two sites, of which one calls a cat what the other calls a dog. */
@Timeout(600)
class GroupedTrainerTest extends SparkMlTest {
    private static Dataset<Row> mails(int count) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int site = i / 2 % 2;
            String text = (i % 2 == 0 ? "a cat and a cat " : "the dog of a dog ") + i;
            rows.add(RowFactory.create(i, text, (i + site) % 2 == 0 ? "cat" : "dog", site));
        }
        return frame(
                new StructType()
                        .add("id", DataTypes.IntegerType)
                        .add("text", DataTypes.StringType)
                        .add("label", DataTypes.StringType)
                        .add("site", DataTypes.IntegerType),
                rows);
    }

    private static TextClassifierTrainer trainer() {
        return tiny(new TextClassifierTrainer(), "bert-seqcls")
                .setMethod("lora")
                .setSettings("method.r=4", "training.max_steps=12")
                .setRanks(1)
                .setMaxLength(16)
                .setLearningRate(2e-2);
    }

    @Test
    void predictsEachRowByTheModelOfItsGroup() throws Exception {
        Dataset<Row> mails = mails(120);
        GroupedModel model = new GroupedTrainer()
                .setTrainer(trainer())
                .setGroupCol("site")
                .setParallelism(2)
                .fit(mails);

        assertThat(model.groups()).containsExactly("0", "1");
        Dataset<Row> predicted = model.transform(mails);
        assertThat(predicted.schema()).isEqualTo(model.transformSchema(mails.schema()));
        assertThat(predicted.select("id").collectAsList())
                .isEqualTo(mails.select("id").collectAsList());
        assertThat(predicted.where("label = prediction").count()).isGreaterThan(110);
        long loads = TaskModels.loads();
        predicted.collectAsList();
        assertThat(TaskModels.loads()).isEqualTo(loads);
        for (String site : model.groups()) {
            Dataset<Row> ofSite = mails.where("site = " + site);
            assertThat(probabilities(predicted.where("site = " + site)))
                    .isEqualTo(probabilities(model.model(site).transform(ofSite)));
        }

        Dataset<Row> unknown = mails.limit(3)
                .withColumn(
                        "site",
                        functions
                                .when(functions.col("id").equalTo(1), functions.lit(7))
                                .when(functions.col("id").equalTo(2), functions.lit(null))
                                .otherwise(functions.col("site")));
        List<Row> rows = model.transform(unknown).select("prediction").collectAsList();
        assertThat(rows.get(0).getString(0)).isNotNull();
        assertThat(rows.subList(1, 3)).allMatch(row -> row.isNullAt(0));

        String saved = dir.resolve("saved").toString();
        model.write().save(saved);
        String fits =
                new Path(model.model("0").runDir()).getParent().getParent().toString();
        for (GroupedModel again : List.of(GroupedModel.load(saved), GroupedModel.ofRun(fits))) {
            assertThat(again.getOrDefault(again.groupCol())).isEqualTo("site");
            assertThat(probabilities(again.transform(mails))).isEqualTo(probabilities(predicted));
        }
        ((TextClassifierModel) model.model()).setOutputCol("djl");
        assertThatThrownBy(() -> model.transform(mails))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("outputCol: the classes of groups may differ: use probabilityCol");
        assertThatThrownBy(() -> model.model("7")).hasMessageContaining("there is no model for site 7");
    }

    @Test
    void refusesWhatItCannotTrain() {
        GroupedTrainer grouped = new GroupedTrainer().setGroupCol("ward");
        Dataset<Row> mails = mails(8);
        assertThatThrownBy(() -> grouped.fit(mails)).hasMessageContaining("groupCol: there is no column ward");
        grouped.setGroupCol("site");
        assertThatThrownBy(() -> grouped.fit(mails)).hasMessageContaining("set it with setTrainer");
        grouped.setTrainer(trainer()).setParallelism(0);
        assertThatThrownBy(() -> grouped.fit(mails)).hasMessageContaining("parallelism: 0, expected at least 1");
        grouped.setParallelism(2);
        Dataset<Row> oneLabel = mails.withColumn("label", functions.expr("if(site = 1, 'cat', label)"));
        assertThatThrownBy(() -> grouped.fit(oneLabel))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("1 of 2 groups failed, the first one is 1: ");
        assertThatThrownBy(() -> GroupedModel.ofRun(dir.resolve("nowhere").toString()))
                .hasMessageContaining("groups.json does not exist");
    }

    private static List<Row> probabilities(Dataset<Row> rows) {
        return rows.select("id", "prediction", "probability").collectAsList();
    }
}
