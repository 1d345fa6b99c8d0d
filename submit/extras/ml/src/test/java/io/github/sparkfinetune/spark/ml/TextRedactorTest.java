package io.github.sparkfinetune.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.testing.TaggingModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class TextRedactorTest extends SparkMlTest {
    private static final StructType MAILS =
            new StructType().add("id", DataTypes.LongType).add("mail", DataTypes.StringType);

    private static Dataset<Row> mails() {
        return frame(
                        MAILS,
                        List.of(
                                RowFactory.create(1L, "Ask ann@example.com, not info@example.com"),
                                RowFactory.create(2L, null)))
                .coalesce(1);
    }

    @Test
    void redactsAndIsTheSameAfterLoading() throws IOException {
        Path key = Files.writeString(dir.resolve("key"), "a key of sixteen bytes or more");
        TextRedactor redactor = new TextRedactor()
                .setInputCol("mail")
                .setOutputCol("clean")
                .setEntities(new String[] {"EMAIL_ADDRESS", "PHONE_NUMBER"})
                .setKeep(new String[] {"info@example.com"});

        Dataset<Row> clean = redactor.transform(mails());

        assertThat(clean.schema()).isEqualTo(redactor.transformSchema(mails().schema()));
        assertThat(clean.collectAsList())
                .map(Row::toString)
                .containsExactly(
                        "[1,Ask ann@example.com, not info@example.com,Ask <EMAIL_ADDRESS>, not info@example.com]",
                        "[2,null,null]");

        String saved = dir.resolve("saved").toString();
        redactor.setOperators(new String[] {"EMAIL_ADDRESS=pseudonym"})
                .setKeyFile(key.toString())
                .write()
                .overwrite()
                .save(saved);
        List<Row> expected = redactor.transform(mails()).collectAsList();
        assertThat(expected.get(0).getString(2)).doesNotContain("ann@").endsWith("not info@example.com");
        assertThat(TextRedactor.load(saved).transform(mails()).collectAsList()).isEqualTo(expected);
    }

    @Test
    void redactsByAModelToo() throws IOException {
        String model = TaggingModel.write(dir.resolve("tagger"), Map.of("license", "B-DOC"))
                .toString();
        TextRedactor redactor = new TextRedactor()
                .setInputCol("mail")
                .setOutputCol("clean")
                .setEntities(new String[] {"EMAIL_ADDRESS", "PAPER"})
                .setModel(model)
                .setLabels(new String[] {"DOC=PAPER"})
                .setScoreThreshold(0.1);
        Dataset<Row> mails = frame(MAILS, List.of(RowFactory.create(1L, "The license of ann@example.com")));
        assertThat(redactor.transform(mails).first().getString(2)).isEqualTo("The <PAPER> of <EMAIL_ADDRESS>");
        String saved = dir.resolve("saved").toString();
        redactor.write().save(saved);
        assertThat(TextRedactor.load(saved).transform(mails).first().getString(2))
                .isEqualTo("The <PAPER> of <EMAIL_ADDRESS>");
        assertThatThrownBy(() -> redactor.setLabels(new String[] {"DOC"}).transform(mails))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("labels has DOC: write it as LABEL=ENTITY");
    }

    @Test
    void namesWhatCannotBeUsed() {
        TextRedactor redactor = new TextRedactor().setInputCol("mail");
        assertThatThrownBy(() -> redactor.transform(mails()))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("entities is not set");
        assertThatThrownBy(() -> redactor.setEntities(new String[] {"PERSON"}).transform(mails()))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.redact.entities")
                .hasMessageContaining("PERSON");
        redactor.setEntities(new String[] {"URL"});
        assertThatThrownBy(() -> redactor.setOperators(new String[] {"mask"}).transform(mails()))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("write it as ENTITY=operator");
        redactor.setOperators(new String[] {"URL=hash"});
        assertThatThrownBy(() -> redactor.transform(mails()))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.redact.key_file");
        assertThatThrownBy(() -> redactor.setOutputCol("mail").transform(mails()))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("there is a column mail already");
    }
}
