package io.github.sparkfinetune.extra.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Records of Argilla 2 with the model's label as a suggestion, as {@code dataset.records.from_json} reads them and
 * {@code to_json} writes them. The id of a record is the hash of its question.
 */
final class Argilla implements AnnotationTool {
    private static final String LABEL = "label";

    @Override
    public String name() {
        return "argilla";
    }

    @Override
    public Map<String, byte[]> files(List<Question> questions, List<String> labels) {
        ArrayNode records = JsonFiles.MAPPER.createArrayNode();
        questions.forEach(question -> records.add(entry(question)));
        return Map.of(
                "records.json", JsonFiles.pretty(records),
                "labels.json", JsonFiles.pretty(JsonFiles.MAPPER.valueToTree(labels)));
    }

    private static ObjectNode entry(Question question) {
        ObjectNode entry = JsonFiles.MAPPER.createObjectNode().put("id", question.hash());
        ObjectNode fields = entry.putObject("fields").put("text", question.text());
        if (question.pair() != null) {
            fields.put("text_pair", question.pair());
        }
        if (question.given() != null) {
            fields.put("given", question.given());
        }
        entry.putObject("metadata");
        entry.putObject("suggestions")
                .putObject(LABEL)
                .put("value", question.suggested())
                .put("score", question.probability())
                .put("agent", "spark-finetune");
        entry.putObject("responses");
        entry.putObject("vectors");
        return entry;
    }

    @Override
    public Optional<Answers> answers(JsonNode element) {
        if (!element.path("fields").isObject() || !element.path("id").isTextual()) {
            return Optional.empty();
        }
        List<String> labels = new ArrayList<>();
        // A record with only drafts is pending.
        if (!element.path("status").asText().equals("pending")) {
            for (JsonNode response : element.path("responses").path(LABEL)) {
                if (response.path("value").isTextual()) {
                    labels.add(response.get("value").textValue());
                }
            }
        }
        return Optional.of(new Answers(element.get("id").textValue(), labels));
    }
}
