package io.github.sparkfinetune.data.task.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.RunConfig.Task;
import io.github.sparkfinetune.data.task.SourcePreview;
import io.github.sparkfinetune.data.task.TaskCandidate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TaskDetectionTest {
    private static SourcePreview preview(Map<String, String> named, String... rows) throws JsonProcessingException {
        List<JsonNode> parsed = new ArrayList<>();
        Set<String> columns = new LinkedHashSet<>();
        for (String row : rows) {
            JsonNode json = new ObjectMapper().readTree(row.replace('\'', '"'));
            json.fieldNames().forEachRemaining(columns::add);
            parsed.add(json);
        }
        return new SourcePreview(DataFormat.JSONL, List.copyOf(columns), parsed, false, named);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '^', quoteCharacter = '`', textBlock = """
        {'text': 'a b', 'label': 'x'}                            ^ CLASSIFICATION       ^ {data.text=text, data.label=label}
        {'id': 'long enough', 'body': 'a text', 'category': 3}   ^ CLASSIFICATION       ^ {data.text=body, data.label=category}
        {'premise': 'a', 'hypothesis': 'b', 'label': 1}          ^ CLASSIFICATION       ^ {data.text=premise, data.text_pair=hypothesis, data.label=label}
        {'text': 'a', 'labels': ['x', 'y']}                      ^ CLASSIFICATION       ^ {data.text=text, data.label=labels, classification.problem_type=multi_label_classification}
        {'text': 'a', 'score': 0.5}                              ^ CLASSIFICATION       ^ {data.text=text, data.label=score, classification.problem_type=regression}
        {'tokens': ['a', 'b'], 'ner_tags': ['O', 'B-P']}         ^ TOKEN_CLASSIFICATION ^ {data.text=tokens, data.label=ner_tags}
        {'text': 'ab', 'spans': [{'start':0,'end':2,'label':'P'}]} ^ TOKEN_CLASSIFICATION ^ {data.text=text, data.label=spans}
        {'text': 'ab', 'label': [[0, 2, 'P']]}                   ^ TOKEN_CLASSIFICATION ^ {data.text=text, data.label=label}
        {'question': 'q', 'context': 'c', 'answers': {'text': ['c'], 'answer_start': [0]}} ^ QUESTION_ANSWERING ^ {question_answering.question=question, question_answering.context=context, question_answering.answers=answers}
        {'question': 'q', 'context': 'c', 'answers': {'text': [], 'answer_start': []}} ^ QUESTION_ANSWERING ^ {question_answering.question=question, question_answering.context=context, question_answering.answers=answers, question_answering.version_2_with_negative=true}
        {'version': '1.1', 'data': [{'paragraphs': []}]}         ^ QUESTION_ANSWERING   ^ {data.format=squad}
        {'messages': [{'role': 'user', 'content': 'a'}]}         ^ SFT                  ^ {data.packing=bfd}
        {'instruction': 'i', 'input': '', 'output': 'o'}         ^ SFT                  ^ {data.packing=bfd}
        {'content': 'a long document'}                           ^ CAUSAL_LM            ^ {data.text=content, data.packing=wrapped}
        """)
    void findsTheLikeliestTaskOfASource(String row, Task task, String settings) throws JsonProcessingException {
        Map<Task, TaskCandidate> found = TaskDatas.candidates(preview(Map.of(), row));

        assertThat(found.keySet()).first().isEqualTo(task);
        assertThat(found.get(task).settings()).hasToString(settings);
    }

    @Test
    void prefersConfiguredColumns() throws JsonProcessingException {
        SourcePreview preview = preview(
                Map.of("data.text", "title", "data.label", "desk"),
                "{'text': 'a b', 'label': 'x', 'title': 't', 'desk': 'y'}");

        assertThat(TaskDatas.candidates(preview).get(Task.CLASSIFICATION).settings())
                .hasToString("{data.text=title, data.label=desk}");
    }

    @Test
    void detectsAColumnOfFewValuesAsALabel() throws JsonProcessingException {
        String[] rows = new String[12];
        Arrays.setAll(rows, i -> "{'mail': 'mail number " + i + "', 'desk': '" + (i % 2 == 0 ? "a" : "b") + "'}");

        assertThat(TaskDatas.candidates(preview(Map.of(), rows))
                        .get(Task.CLASSIFICATION)
                        .settings())
                .hasToString("{data.text=mail, data.label=desk}");
    }

    @Test
    void detectsFoldersOfTextsAsLabels() {
        assertThat(TaskDatas.candidates(
                        new SourcePreview(DataFormat.TEXT_FOLDERS, List.of(), List.of(), true, Map.of())))
                .containsOnlyKeys(Task.CLASSIFICATION, Task.CAUSAL_LM, Task.MASKED_LM);
        assertThat(TaskDatas.candidates(
                        new SourcePreview(DataFormat.TEXT_FOLDERS, List.of(), List.of(), false, Map.of())))
                .containsOnlyKeys(Task.CAUSAL_LM, Task.MASKED_LM);
    }

    @Test
    void findsNoTaskForNumbersAlone() throws JsonProcessingException {
        assertThat(TaskDatas.candidates(preview(Map.of(), "{'a': 1, 'b': 2.5}")))
                .isEmpty();
    }
}
