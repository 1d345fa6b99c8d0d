package io.github.sparkfinetune.extra.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * Tasks of Label Studio with the model's label as a prediction, and its labeling configuration. Reads the exports JSON
 * and JSON-MIN.
 */
final class LabelStudio implements AnnotationTool {
    private static final String HASH = "hash";
    private static final String LABEL = "label";
    private static final String TEXT = "text";
    private static final String PAIR = "text_pair";
    private static final String GIVEN = "given";

    @Override
    public String name() {
        return "label-studio";
    }

    @Override
    public Map<String, byte[]> files(List<Question> questions, List<String> labels) {
        ArrayNode tasks = JsonFiles.MAPPER.createArrayNode();
        questions.forEach(question -> tasks.add(task(question)));
        boolean paired = questions.stream().anyMatch(question -> question.pair() != null);
        boolean labelled = questions.stream().anyMatch(question -> question.given() != null);
        return Map.of(
                "tasks.json", JsonFiles.pretty(tasks),
                "label_config.xml", configuration(labels, paired, labelled).getBytes(StandardCharsets.UTF_8));
    }

    private static ObjectNode task(Question question) {
        ObjectNode task = JsonFiles.MAPPER.createObjectNode();
        ObjectNode data = task.putObject("data").put(TEXT, question.text());
        if (question.pair() != null) {
            data.put(PAIR, question.pair());
        }
        if (question.given() != null) {
            data.put(GIVEN, question.given());
        }
        data.put(HASH, question.hash());
        ObjectNode prediction = task.putArray("predictions")
                .addObject()
                .put("model_version", "spark-finetune")
                .put("score", question.probability());
        prediction
                .putArray("result")
                .addObject()
                .put("from_name", LABEL)
                .put("to_name", TEXT)
                .put("type", "choices")
                .putObject("value")
                .putArray("choices")
                .add(question.suggested());
        return task;
    }

    private static String configuration(List<String> labels, boolean paired, boolean labelled) {
        StringWriter text = new StringWriter();
        try {
            XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(text);
            xml.writeStartElement("View");
            if (labelled) {
                element(xml, "Header", "value", "$" + GIVEN);
            }
            element(xml, "Text", "name", TEXT, "value", "$" + TEXT);
            if (paired) {
                element(xml, "Text", "name", PAIR, "value", "$" + PAIR);
            }
            xml.writeStartElement("Choices");
            attributes(xml, "name", LABEL, "toName", TEXT, "choice", "single-radio", "required", "true");
            for (String label : labels) {
                element(xml, "Choice", "value", label);
            }
            xml.writeEndElement();
            xml.writeEndElement();
            xml.close();
        } catch (XMLStreamException e) {
            throw new IllegalStateException(e);
        }
        return text + "\n";
    }

    private static void element(XMLStreamWriter xml, String name, String... attributes) throws XMLStreamException {
        xml.writeEmptyElement(name);
        attributes(xml, attributes);
    }

    private static void attributes(XMLStreamWriter xml, String... attributes) throws XMLStreamException {
        for (int i = 0; i < attributes.length; i += 2) {
            xml.writeAttribute(attributes[i], attributes[i + 1]);
        }
    }

    @Override
    public Optional<Answers> answers(JsonNode element) {
        if (element.path("annotations").isArray()
                && element.path("data").path(HASH).isTextual()) {
            List<String> labels = new ArrayList<>();
            for (JsonNode annotation : element.get("annotations")) {
                if (!annotation.path("was_cancelled").asBoolean()) {
                    choices(annotation).findFirst().ifPresent(labels::add);
                }
            }
            return Optional.of(new Answers(element.get("data").get(HASH).textValue(), labels));
        }
        // JSON-MIN has the columns of the data beside the answer.
        return element.path(HASH).isTextual()
                ? Optional.of(new Answers(
                        element.get(HASH).textValue(),
                        element.path(LABEL).isTextual()
                                ? List.of(element.get(LABEL).textValue())
                                : List.of()))
                : Optional.empty();
    }

    private static Stream<String> choices(JsonNode annotation) {
        return StreamSupport.stream(annotation.path("result").spliterator(), false)
                .filter(result -> result.path("from_name").asText().equals(LABEL))
                .map(result -> result.at("/value/choices/0"))
                .filter(JsonNode::isTextual)
                .map(JsonNode::textValue);
    }
}
