package io.github.sparkfinetune.extra.audit;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Format of a tool in which people label texts. */
interface AnnotationTool {
    /** All tools; the first is the default. */
    List<AnnotationTool> ALL = List.of(new LabelStudio(), new Argilla());

    /** Returns the name on the command line. */
    String name();

    /**
     * Finds a tool.
     *
     * @throws RunException if there is none of the name
     */
    static AnnotationTool named(String name) {
        return ALL.stream()
                .filter(tool -> tool.name().equals(name))
                .findFirst()
                .orElseThrow(() -> RunException.config("--tool: " + name + " is not a tool, choose one of "
                        + ALL.stream().map(AnnotationTool::name).collect(Collectors.joining(", "))));
    }

    /**
     * Returns the files that the tool imports, by name.
     *
     * @param labels labels that a person may choose
     */
    Map<String, byte[]> files(List<Question> questions, List<String> labels);

    /**
     * Returns the answers to a question in an export of the tool.
     *
     * @param element element of the export, which is a JSON array
     * @return empty if the element is not the tool's
     */
    Optional<Answers> answers(JsonNode element);

    /**
     * Answers to a question.
     *
     * @param hash hash of the question
     * @param labels label that each person chose
     */
    record Answers(String hash, List<String> labels) {
        public Answers {
            labels = List.copyOf(labels);
        }

        /** Returns the label that more than half of the persons chose. */
        Optional<String> label() {
            return labels.stream()
                    .collect(Collectors.groupingBy(label -> label, Collectors.counting()))
                    .entrySet()
                    .stream()
                    .filter(entry -> 2 * entry.getValue() > labels.size())
                    .map(Map.Entry::getKey)
                    .findFirst();
        }
    }
}
