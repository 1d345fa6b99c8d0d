package io.github.sparkfinetune.data.task.question;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SquadFileTest {
    private static final String FILE = "file:/train.json";

    private static List<String> read(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return slice(bytes, 0, Long.MAX_VALUE);
    }

    private static List<String> slice(byte[] bytes, long from, long to) {
        List<String> questions = new ArrayList<>();
        try (SquadFile file = new SquadFile(FILE, new ByteArrayInputStream(bytes), from, to)) {
            file.forEachRemaining(questions::add);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return questions;
    }

    @Test
    void readsBothVersions() throws IOException {
        List<String> questions = read("""
                {"version": "v2.0", "other": [{"data": [1]}], "data": [
                  {"title": "A", "paragraphs": [
                    {"qas": [
                      {"question": "Who?", "id": "1", "is_impossible": false,
                       "answers": [{"text": "a", "answer_start": 0}]},
                      {"id": 2, "question": "Whom?", "answers": [], "is_impossible": true,
                       "plausible_answers": [{"text": "a", "answer_start": 0}]}],
                     "context": "a \\u00e9\\ud83d\\ude00"},
                    {"context": "b", "qas": []}]},
                  {"paragraphs": [], "title": "B"},
                  {"paragraphs": [{"context": "c", "qas": [{"question": "What?"}]}]}
                ]}
                """);
        ObjectMapper json = new ObjectMapper();
        List<Map<?, ?>> read = new ArrayList<>();
        for (String question : questions) {
            read.add(json.readValue(question, Map.class));
        }
        String context = "a \u00e9\uD83D\uDE00";
        assertThat(read)
                .containsExactly(
                        Map.of(
                                "id",
                                "1",
                                "question",
                                "Who?",
                                "context",
                                context,
                                "answers",
                                List.of(Map.of("text", "a", "answer_start", 0))),
                        Map.of("id", 2, "question", "Whom?", "context", context, "answers", List.of()),
                        Map.of("question", "What?", "context", "c"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        [1]                                              | line 1, column 1: begins with no object
        {"version": "1.1"}                               | line 1, column 18: has no list data
        {"data": {"paragraphs": []}}                     | line 1, column 28: has no list data
        {"data": [3]}                                    | line 1, column 11: data[0] is no object
        {"data": [{"title": "A"}]}                       | line 1, column 24: data[0] has no list paragraphs
        {"data": [{"paragraphs": [{"context": "c"}]}]}   | line 1, column 27: data[0].paragraphs[0] has no text context or no list qas
        {"data": [{"paragraphs": [{"qas": []}]}]}        | line 1, column 27: data[0].paragraphs[0] has no text context or no list qas
        {"data": [{"paragraphs": [{"context": "c", "qas": [{}]}]}]} | line 1, column 27: data[0].paragraphs[0] has a question without a text question
        {"data": [{"paragraphs": [{"context": "c", "qas": []}, 7]}]} | line 1, column 56: data[0].paragraphs[1] is no object
        {"data": []} x                                   | line 1, column 15: is not JSON (Unrecognized token 'x'
        {"data": []} {}                                  | line 1, column 14: goes on behind its object
        {"data": [{"paragraphs": [{"context": "c", "qas" | line 1, column 49: is not JSON (Unexpected end-of-input
        ``                                               | line 1, column 1: begins with no object
        """)
    void refusesOtherJsonWithItsPlace(String text, String message) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageStartingWith(FILE + ", " + message)
                .hasMessageEndingWith("it must be SQuAD's JSON, with data, paragraphs, context, qas and question")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }

    private static String manyParagraphs(int count) {
        StringBuilder text = new StringBuilder("{\"data\":[");
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "" : i % 7 == 0 ? "]}," : ",")
                    .append(i % 7 == 0 ? "{\"paragraphs\":[" : "")
                    .append("{\"context\":\"é ")
                    .append("x".repeat(i % 50))
                    .append("\",\"qas\":[{\"question\":\"")
                    .append(i)
                    .append("?\"}]}");
        }
        return text.append("]}]}").toString();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8, 1000})
    void slicesTogetherGiveTheWholeFile(int slices) {
        byte[] bytes = manyParagraphs(300).getBytes(StandardCharsets.UTF_8);
        List<String> all = new ArrayList<>();
        for (int i = 0; i < slices; i++) {
            long to = i + 1 == slices ? Long.MAX_VALUE : (long) bytes.length * (i + 1) / slices;
            all.addAll(slice(bytes, (long) bytes.length * i / slices, to));
        }
        assertThat(all).hasSize(300).isEqualTo(slice(bytes, 0, Long.MAX_VALUE));
    }

    @Test
    void readsAnotherEncodingInTheFirstSlice() {
        byte[] bytes = manyParagraphs(20).getBytes(Charset.forName("UTF-16LE"));
        assertThat(slice(bytes, 0, bytes.length / 2)).hasSize(20);
        assertThat(slice(bytes, bytes.length / 2, Long.MAX_VALUE)).isEmpty();
    }

    /** Counts the bytes read from a file. */
    private static final class Counted extends FilterInputStream {
        private long bytes;

        Counted(InputStream in) {
            super(in);
        }

        @Override
        public int read(byte[] buffer, int from, int length) throws IOException {
            int read = super.read(buffer, from, length);
            bytes += Math.max(0, read);
            return read;
        }
    }

    @Test
    void readsALongLineParagraphByParagraph() throws IOException {
        byte[] bytes = manyParagraphs(20_000).getBytes(StandardCharsets.UTF_8);
        Counted counted = new Counted(new ByteArrayInputStream(bytes));
        try (SquadFile file = new SquadFile(FILE, counted, 0, Long.MAX_VALUE)) {
            assertThat(file.next()).contains("\"0?\"");
            assertThat(counted.bytes).isLessThan(bytes.length / 10);
        }
    }
}
