package io.github.sparkfinetune.data.task.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.Rows;
import io.github.sparkfinetune.data.task.TaskInput;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EmbeddingDataTest {
    private final TokenizerFiles files = GoldenFolder.tokenizer("wordpiece");

    EmbeddingDataTest() throws IOException {}

    private static EmbeddingData task(List<String> embedding, String... data) {
        String[] columns =
                Stream.concat(Stream.of("text_pair: pair"), Stream.of(data)).toArray(String[]::new);
        return EmbeddingData.of(Rows.config("embedding", embedding, columns));
    }

    private Reading<RelatedTexts> reading(EmbeddingData task) {
        return task.reading(Rows.jsonLines("text", "pair", "other", "label"), files, true);
    }

    private List<Sample> samples(EmbeddingData task, String... rows) throws IOException {
        return Rows.samples(task, files, reading(task), rows);
    }

    @Test
    void givesTheTokensOfSentenceTransformers() throws IOException {
        JsonNode golden = new ObjectMapper()
                .readTree(
                        Path.of("src/test/resources/embedding/embeddings.json").toFile());
        EmbeddingData task = task(
                List.of(
                        "embedding.negative=other",
                        "embedding.query_prompt=" + golden.get("query"),
                        "embedding.document_prompt=" + golden.get("document")),
                "max_length: " + golden.get("max_length").asInt());
        for (JsonNode one : golden.get("rows")) {
            Sample sample = samples(task, one.get("row").toString()).get(0);
            assertThat(IntStream.range(0, 3)
                            .mapToObj(i -> sample.document(i).inputIds())
                            .toList())
                    .containsExactly(
                            GoldenFolder.ints(one.get("ids").get(0)),
                            GoldenFolder.ints(one.get("ids").get(1)),
                            GoldenFolder.ints(one.get("ids").get(2)));
        }
    }

    @Test
    void usesTheFirstNegativesOfARow() throws IOException {
        EmbeddingData task = task(List.of("embedding.negative=other", "embedding.num_negatives=2"));
        List<Sample> samples = samples(
                task,
                "{\"text\": \"a\", \"pair\": \"b\", \"other\": [\"c\", \"d\", \"e\"]}",
                "{\"text\": \"a\", \"pair\": \"b\", \"other\": \"c\"}",
                "{\"text\": \"a\", \"pair\": \"b\", \"other\": null}");
        assertThat(samples).extracting(sample -> sample.documents().length).containsExactly(4, 3, 2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"text\": \"a\", \"pair\": \"b\"} |",
                "{\"text\": \"a\", \"pair\": \" \"} | empty_text",
                "{\"text\": \"a\"} | no_text_pair",
                "{\"pair\": \"b\"} | no_text",
                "{\"text\": [1], \"pair\": \"b\"} | malformed_record",
                "{\"text\": \"a\", \"pair\": \"a\"} | equal_texts",
                "{\"text\": \"a\", \"pair\": \"b\", \"other\": [\"c\", \"b\"]} | equal_texts",
                "{\"text\": \"a\", \"pair\": \"b\", \"other\": [\"\"]} | empty_text"
            })
    void reportsWhyARowCannotBeUsed(String row, String badBecause) {
        EmbeddingData task = task(List.of("embedding.negative=other", "embedding.num_negatives=3"));
        assertThat(Rows.clean(reading(task), Rows.row(row)).get(0).badBecause()).isEqualTo(badBecause);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0.25 |",
                "\"1\" |",
                "1.5 | bad_score",
                "-0.1 | bad_score",
                "\"high\" | bad_score",
                "null | no_label"
            })
    void readsAScoreFromZeroToOne(String score, String badBecause) {
        EmbeddingData task = task(List.of("embedding.loss=cosent"));
        String row = "{\"text\": \"a\", \"pair\": \"a\", \"label\": " + score + "}";
        assertThat(Rows.clean(reading(task), Rows.row(row)).get(0).badBecause()).isEqualTo(badBecause);
    }

    @Test
    void keepsTheScoreAsTheTarget() throws IOException {
        assertThat(samples(
                                task(List.of("embedding.loss=cosent")),
                                "{\"text\": \"a\", \"pair\": \"b\", \"label\": 0.75}")
                        .get(0)
                        .targets())
                .containsExactly(0.75);
    }

    @Test
    void refusesUnsuitableSourcesAndSettings() {
        assertThatThrownBy(() -> task(List.of()).reading(Rows.jsonLines("text", "answer"), files, true))
                .hasMessage("data.train: " + Rows.FILE + " lacks columns of task embedding (text, pair), its columns"
                        + " are answer, text");
        assertThatThrownBy(() ->
                        EmbeddingData.of(Rows.config("embedding")).reading(Rows.jsonLines("text", "pair"), files, true))
                .hasMessage("data.text_pair: task embedding trains on pairs of texts: name the column of the text that"
                        + " belongs to text");
        assertThatThrownBy(() -> task(List.of(), "packing: bfd").check(files))
                .hasMessage("data.packing: a text is embedded by itself, texts of task embedding are not packed:"
                        + " leave it out");
    }

    @Test
    void readsATextAloneToPredict() throws IOException {
        EmbeddingData task = task(List.of("embedding.query_prompt='ask: '", "embedding.predict_as=query"));
        Reading<RelatedTexts> reading = task.reading(Rows.jsonLines("text"), files, false);
        List<TaskInput> inputs = Rows.inputs(task, files, Rows.clean(reading, Rows.row("the software"), Rows.row(" ")));
        assertThat(inputs.get(0).text()).isEqualTo("the software");
        assertThat(inputs.get(0).sample().length()).isGreaterThan(4);
        assertThat(inputs.get(1).error()).isEqualTo("empty_text");
    }
}
