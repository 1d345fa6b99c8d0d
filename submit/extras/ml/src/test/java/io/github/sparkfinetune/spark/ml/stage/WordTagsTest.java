package io.github.sparkfinetune.spark.ml.stage;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.task.TextCleaning;
import io.github.sparkfinetune.spark.entity.EntityModels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.expressions.GenericRowWithSchema;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

class WordTagsTest {
    private static final StructType SPAN = new StructType()
            .add("start", DataTypes.IntegerType)
            .add("end", DataTypes.IntegerType)
            .add("label", DataTypes.StringType);

    private static WordTags tags(String... settings) {
        List<String> all =
                new ArrayList<>(List.of("task=token-classification", "output.dir=o", "data.train=t", "model=m"));
        all.addAll(List.of(settings));
        return new WordTags(
                TextCleaning.of(RunConfigLoader.parse("{}", "test", all).data()), EntityModels.NONE, "text");
    }

    private static Row span(int start, int end, String label) {
        return new GenericRowWithSchema(new Object[] {start, end, label}, SPAN);
    }

    /** Row whose lists are arrays; Spark's lists are classes of Scala. */
    private static final class Predicted extends GenericRowWithSchema {
        private static final long serialVersionUID = 1L;
        private static final StructType SCHEMA = new StructType()
                .add("json", DataTypes.StringType)
                .add("entities", DataTypes.createArrayType(SPAN))
                .add("tags", DataTypes.createArrayType(SPAN))
                .add("person", DataTypes.StringType);

        Predicted(Object... values) {
            super(values, SCHEMA);
        }

        @Override
        @SuppressWarnings("unchecked")
        public <T> List<T> getList(int column) {
            return (List<T>) Arrays.asList((Object[]) get(column));
        }
    }

    private static Row row(String text, Row[] entities, Row[] tags) {
        return new Predicted("{\"text\": " + text.replace('\'', '"') + "}", entities, tags, null);
    }

    @Test
    void tagsTheWordsOfATextAndOfAList() {
        Row[] found = {span(4, 11, "PER"), span(15, 19, "LOC")};
        assertThat(tags().call(row("'Ask Ann Lee in Rome.'", found, null)))
                .containsExactly("O", "B-PER", "I-PER", "O", "B-LOC", "O");
        assertThat(tags().call(row("['Ask', 'Ann', 'Lee', 'in', 'Rome']", found, null)))
                .containsExactly("O", "B-PER", "I-PER", "O", "B-LOC");
        assertThat(tags().call(row("'Ask'", null, null))).isNull();
    }

    @Test
    void tagsTheWordsBeforeTheyWereReplaced() {
        WordTags tags = tags("data.redact.entities=[PHONE_NUMBER, EMAIL_ADDRESS]");
        // Call <PHONE_NUMBER> in Rome
        Row[] found = {span(5, 19, "TEL"), span(23, 27, "LOC")};
        assertThat(tags.call(row("['Call', '(650)', '253', '0000', 'in', 'Rome']", found, null)))
                .containsExactly("O", "B-TEL", "I-TEL", "I-TEL", "O", "B-LOC");
        Row[] words = {span(0, 4, "VERB"), span(5, 20, "X"), span(21, 24, "ADV")};
        // Mail <EMAIL_ADDRESS> now
        assertThat(tags.call(row("'Mail a@example.com now'", null, words)))
                .containsExactly("VERB", "X", "X", "X", "X", "X", "ADV");
    }

    @Test
    void wordsBehindTheLimitOfATextHaveNoTag() {
        String text = "word ".repeat(20).strip();
        Row[] none = {};
        for (String redact : List.of("[]", "[URL]")) {
            WordTags tags = tags("data.max_text_bytes=64", "data.redact.entities=" + redact);
            assertThat(tags.call(row("'" + text + "'", none, null))).hasSize(13);
        }
    }
}
