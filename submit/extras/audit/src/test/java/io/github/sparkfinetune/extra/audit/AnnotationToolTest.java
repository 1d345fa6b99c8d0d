package io.github.sparkfinetune.extra.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Files of label-studio-sdk 2.1 and argilla 2.8. */
class AnnotationToolTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<Question> QUESTIONS = List.of(
            new Question("0a", "a <b>\n\"c\"", null, "sea", "sky & more", 0.75),
            new Question("0b", "one", "two", null, "sea", 0.5));
    private static final List<String> LABELS = List.of("sea", "sky & more");

    private static Optional<AnnotationTool.Answers> read(AnnotationTool tool, String element) throws IOException {
        return tool.answers(JSON.readTree(element.replace('\'', '"')));
    }

    @Test
    void writesTasksOfLabelStudio() throws IOException {
        Map<String, byte[]> files = AnnotationTool.named("label-studio").files(QUESTIONS, LABELS);

        assertThat(files).containsOnlyKeys("tasks.json", "label_config.xml");
        JsonNode expected = JSON.readTree("""
                [{"data": {"text": "a <b>\\n\\"c\\"", "given": "sea", "hash": "0a"},
                  "predictions": [{"model_version": "spark-finetune", "score": 0.75, "result": [
                    {"from_name": "label", "to_name": "text", "type": "choices",
                     "value": {"choices": ["sky & more"]}}]}]},
                 {"data": {"text": "one", "text_pair": "two", "hash": "0b"},
                  "predictions": [{"model_version": "spark-finetune", "score": 0.5, "result": [
                    {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["sea"]}}]}]}]
                """);
        assertThat(JSON.readTree(files.get("tasks.json"))).isEqualTo(expected);
        assertThat(new String(files.get("label_config.xml"), StandardCharsets.UTF_8))
                .isEqualTo("<View><Header value=\"$given\"/><Text name=\"text\" value=\"$text\"/>"
                        + "<Text name=\"text_pair\" value=\"$text_pair\"/>"
                        + "<Choices name=\"label\" toName=\"text\" choice=\"single-radio\" required=\"true\">"
                        + "<Choice value=\"sea\"/><Choice value=\"sky &amp; more\"/></Choices></View>\n");
    }

    @Test
    void writesRecordsOfArgilla() throws IOException {
        Map<String, byte[]> files = AnnotationTool.named("argilla").files(QUESTIONS, LABELS);

        assertThat(files).containsOnlyKeys("records.json", "labels.json");
        JsonNode expected = JSON.readTree("""
                [{"id": "0a", "fields": {"text": "a <b>\\n\\"c\\"", "given": "sea"}, "metadata": {},
                  "suggestions": {"label": {"value": "sky & more", "score": 0.75, "agent": "spark-finetune"}},
                  "responses": {}, "vectors": {}},
                 {"id": "0b", "fields": {"text": "one", "text_pair": "two"}, "metadata": {},
                  "suggestions": {"label": {"value": "sea", "score": 0.5, "agent": "spark-finetune"}},
                  "responses": {}, "vectors": {}}]
                """);
        assertThat(JSON.readTree(files.get("records.json"))).isEqualTo(expected);
        assertThat(JSON.readTree(files.get("labels.json"))).isEqualTo(JSON.valueToTree(LABELS));
    }

    @Test
    void readsTheExportsOfLabelStudio() throws IOException {
        AnnotationTool tool = new LabelStudio();

        assertThat(read(tool, """
                        {'id': 1, 'data': {'text': 'x', 'hash': '0a'}, 'predictions': [], 'annotations': [
                          {'was_cancelled': false, 'result': [{'from_name': 'label', 'type': 'choices',
                            'value': {'choices': ['sky']}}]},
                          {'was_cancelled': true, 'result': [{'from_name': 'label', 'type': 'choices',
                            'value': {'choices': ['sea']}}]},
                          {'was_cancelled': false, 'result': []}]}""")).contains(new AnnotationTool.Answers("0a", List.of("sky")));
        assertThat(read(tool, "{'text': 'x', 'hash': '0a', 'id': 1, 'label': 'sky', 'annotator': 1}"))
                .contains(new AnnotationTool.Answers("0a", List.of("sky")));
        assertThat(read(tool, "{'text': 'x', 'hash': '0a', 'id': 1, 'annotator': 1}"))
                .contains(new AnnotationTool.Answers("0a", List.of()));
        assertThat(read(tool, "{'text': 'x'}")).isEmpty();
    }

    @Test
    void readsTheRecordsOfArgilla() throws IOException {
        AnnotationTool tool = new Argilla();
        String responses = "'fields': {'text': 'x'}, 'responses': {'label': [{'value': 'sky', 'user_id': 'a'},"
                + " {'value': 'sky', 'user_id': 'b'}, {'value': 'sea', 'user_id': 'c'}]}}";

        assertThat(read(tool, "{'id': '0a', 'status': 'completed', " + responses))
                .contains(new AnnotationTool.Answers("0a", List.of("sky", "sky", "sea")));
        assertThat(read(tool, "{'id': '0a', 'status': 'pending', " + responses))
                .contains(new AnnotationTool.Answers("0a", List.of()));
        assertThat(read(tool, "{'hash': '0a', 'label': 'sky'}")).isEmpty();
    }

    @Test
    void theLabelIsThatOfTheMajority() {
        assertThat(new AnnotationTool.Answers("0a", List.of("sky", "sea", "sky")).label())
                .contains("sky");
        assertThat(new AnnotationTool.Answers("0a", List.of("sky", "sea")).label())
                .isEmpty();
        assertThat(new AnnotationTool.Answers("0a", List.of()).label()).isEmpty();
    }

    @Test
    void refusesAnUnknownTool() {
        assertThatThrownBy(() -> AnnotationTool.named("prodigy"))
                .isInstanceOf(RunException.class)
                .hasMessage("--tool: prodigy is not a tool, choose one of label-studio, argilla");
    }
}
