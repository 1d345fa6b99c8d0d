package io.github.sparkfinetune.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextEmbedderTrainerTest extends SparkMlTest {
    private static final StructType PAIRS =
            new StructType().add("question", "string").add("answer", "string");

    private Dataset<Row> pairs() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            rows.add(RowFactory.create("What of number " + i + "?", "You may copy " + i));
        }
        return frame(PAIRS, rows);
    }

    private TextEmbedderTrainer trainer() {
        return tiny(new TextEmbedderTrainer(), "bert-mlm")
                .setInputCol("question")
                .setPairCol("answer")
                .setMaxLength(32)
                .setSettings("embedding.query_prompt='query: '", "method.r=4");
    }

    @ParameterizedTest
    @ValueSource(strings = {"full", "lora"})
    void embedsAndIsSavedAndLoaded(String method) throws Exception {
        TextEmbedderModel model = trainer().setMethod(method).fit(pairs()).setOutputCol("floats");
        List<Row> rows = model.transform(pairs()).collectAsList();
        assertThat(rows).hasSize(24).allSatisfy(row -> {
            Vector vector = row.getAs("embedding");
            assertThat(vector.size()).isEqualTo(32);
            assertThat(row.getList(row.fieldIndex("floats"))).hasSize(32);
        });
        Vector asDocument = rows.get(0).getAs("embedding");
        Vector asQuery = model.setSide("query").transform(pairs()).first().getAs("embedding");
        assertThat(asQuery.toArray()).isNotEqualTo(asDocument.toArray());

        String saved = dir.resolve("saved-" + method).toString();
        model.write().save(saved);
        Vector again = TextEmbedderModel.load(saved).transform(pairs()).first().getAs("embedding");
        assertThat(again.toArray()).containsExactly(asQuery.toArray(), within(1e-6));
    }

    @Test
    void refusesAColumnThatIsNotThere() {
        assertThatThrownBy(() -> trainer().setPairCol("reply").fit(pairs()))
                .hasMessageContaining("pairCol: there is no column reply, the columns are question, answer");
    }
}
