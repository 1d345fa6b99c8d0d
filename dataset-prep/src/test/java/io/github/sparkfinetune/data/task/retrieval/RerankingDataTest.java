package io.github.sparkfinetune.data.task.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.Reading;
import io.github.sparkfinetune.data.task.Rows;
import io.github.sparkfinetune.data.task.SampleSink;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RerankingDataTest {
    private static final List<String> LISTS = List.of("reranking.negative=other", "reranking.num_negatives=3");

    private final TokenizerFiles files = GoldenFolder.tokenizer("wordpiece");

    RerankingDataTest() throws IOException {}

    private static RerankingData task(List<String> reranking, String... data) {
        String[] columns =
                Stream.concat(Stream.of("text_pair: pair"), Stream.of(data)).toArray(String[]::new);
        return RerankingData.of(Rows.config("reranking", reranking, columns));
    }

    private Reading<RelatedTexts> reading(RerankingData task) {
        return task.reading(Rows.jsonLines("text", "pair", "other", "label"), files, true);
    }

    private List<Sample> samples(RerankingData task, String... rows) throws IOException {
        return Rows.samples(task, files, reading(task), rows);
    }

    @Test
    void givesTheTokensOfCrossEncoder() throws IOException {
        JsonNode golden = new ObjectMapper()
                .readTree(Path.of("src/test/resources/reranking/rerankers.json").toFile());
        RerankingData task =
                task(LISTS, "max_length: " + golden.get("max_length").asInt());
        for (JsonNode one : golden.get("rows")) {
            Sample sample = samples(task, one.get("row").toString()).get(0);
            assertThat(sample.documents()).hasSameSizeAs(one.get("ids"));
            for (int i = 0; i < sample.documents().length; i++) {
                assertThat(sample.document(i).inputIds())
                        .containsExactly(GoldenFolder.ints(one.get("ids").get(i)));
                assertThat(sample.document(i).tokenTypeIds())
                        .containsExactly(GoldenFolder.ints(one.get("types").get(i)));
            }
        }
    }

    @Test
    void makesTheFirstNegativesOfARowIrrelevantDocuments() throws IOException {
        List<Sample> samples = samples(
                task(List.of("reranking.negative=other", "reranking.num_negatives=2")),
                "{\"text\": \"a\", \"pair\": \"b\", \"other\": [\"c\", \"d\", \"e\"]}",
                "{\"text\": \"a\", \"pair\": \"b\", \"other\": \"c\"}");
        assertThat(samples).extracting(Sample::targets).containsExactly(new double[] {1, 0, 0}, new double[] {1, 0});
        assertThat(samples).extracting(sample -> sample.documents().length).containsExactly(3, 2);
    }

    @Test
    void keepsTheRelevanceOfAPairAsTheTarget() throws IOException {
        Sample sample = samples(task(List.of()), "{\"text\": \"a\", \"pair\": \"b\", \"label\": 0.75}")
                .get(0);
        assertThat(sample.targets()).containsExactly(0.75);
        assertThat(sample.documents()).hasSize(1);
    }

    @Test
    void keepsTheTextsOfAHeldOutRow() throws IOException {
        RerankingData task = task(LISTS);
        String row = "{\"text\": \"The query\", \"pair\": \"b  B\", \"other\": [\"c\"]}";
        List<Sample> samples = new ArrayList<>();
        SampleSink sink = task.sink(samples::add, List.of());
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            CleanRow<RelatedTexts> clean =
                    Rows.clean(reading(task), Rows.row(row)).get(0);
            sink.add(task.encoder(tokenizer, files, "data.eval", List.of()).encodeHeldOut(clean), clean.stratum());
        }
        assertThat(RankedTexts.of(samples.get(0).window().row()))
                .isEqualTo(new RankedTexts("The query", List.of("b  B", "c")));
        assertThat(task.readWhileTraining()).isEqualTo(task.heldOutSchema());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"text\": \"a\", \"pair\": \"b\", \"other\": \"c\"} |",
                "{\"text\": \"a\", \"pair\": \"b\", \"other\": null} | no_negative",
                "{\"text\": \"a\", \"pair\": \"b\", \"other\": []} | no_negative",
                "{\"text\": \"a\", \"pair\": \" \", \"other\": \"c\"} | empty_text",
                "{\"text\": \"a\", \"pair\": \"b\", \"other\": [\"\"]} | empty_text",
                "{\"text\": \"a\", \"other\": \"c\"} | no_text_pair",
                "{\"pair\": \"b\", \"other\": \"c\"} | no_text",
                "{\"text\": \"a\", \"pair\": \"a\", \"other\": \"c\"} | equal_texts",
                "{\"text\": \"a\", \"pair\": \"b\", \"other\": [\"b\"]} | equal_texts"
            })
    void reportsWhyAListCannotBeUsed(String row, String badBecause) {
        assertThat(Rows.clean(reading(task(LISTS)), Rows.row(row)).get(0).badBecause())
                .isEqualTo(badBecause);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"0.25 |", "\"1\" |", "1.5 | bad_score", "\"high\" | bad_score", "null | no_label"})
    void readsARelevanceFromZeroToOne(String label, String badBecause) {
        String row = "{\"text\": \"a\", \"pair\": \"b\", \"label\": " + label + "}";
        assertThat(Rows.clean(reading(task(List.of())), Rows.row(row)).get(0).badBecause())
                .isEqualTo(badBecause);
    }

    @Test
    void refusesUnsuitableSourcesAndSettings() {
        assertThatThrownBy(() -> task(List.of()).reading(Rows.jsonLines("text", "pair"), files, true))
                .hasMessage("data.train: " + Rows.FILE + " lacks columns of task reranking (text, pair, label), its"
                        + " columns are pair, text");
        assertThatThrownBy(() -> task(LISTS).reading(Rows.jsonLines("text", "pair"), files, true))
                .hasMessageContaining("lacks columns of task reranking (text, pair, other)");
        for (boolean supervised : new boolean[] {true, false}) {
            assertThatThrownBy(() -> RerankingData.of(Rows.config("reranking"))
                            .reading(Rows.jsonLines("text", "pair"), files, supervised))
                    .hasMessage("data.text_pair: task reranking trains on pairs of texts: name the column of the text"
                            + " that belongs to text");
        }
        assertThatThrownBy(() -> task(List.of(), "packing: bfd").check(files))
                .hasMessage("data.packing: a pair of texts is scored by itself, texts of task reranking are not packed:"
                        + " leave it out");
    }

    @Test
    void readsAPairToPredict() throws IOException {
        RerankingData task = task(LISTS);
        Reading<RelatedTexts> reading = task.reading(Rows.jsonLines("text", "pair"), files, false);
        List<TaskInput> inputs = Rows.inputs(
                task, files, Rows.clean(reading, Rows.row("the query", "the software"), Rows.row("a", " ")));
        assertThat(inputs.get(0).text()).isEqualTo("the query");
        assertThat(inputs.get(0).textPair()).isEqualTo("the software");
        assertThat(inputs.get(0).sample().tokenTypeIds()).startsWith(0).endsWith(1);
        assertThat(inputs.get(1).error()).isEqualTo("empty_text");
    }
}
