package io.github.sparkfinetune.job.session;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.util.ArrayList;
import java.util.List;

/**
 * Arguments of a call, by name.
 *
 * @param json a JSON object
 */
public record Arguments(JsonNode json) {

    /** Reads a text that holds a JSON object. */
    public static Arguments parse(String text) throws JsonProcessingException {
        return new Arguments(JsonFiles.MAPPER.readTree(text));
    }

    /**
     * Returns an argument that every version of the client sends.
     *
     * @throws RunException if the argument is missing
     */
    public String text(String name) {
        String value = optional(name);
        if (value == null) {
            throw RunException.config("the call has no argument " + name
                    + ": use the Python package and spark-finetune-VERSION.jar of one version");
        }
        return value;
    }

    /** Returns the JSON object without some arguments. */
    public JsonNode without(String... names) {
        return json.<ObjectNode>deepCopy().without(List.of(names));
    }

    /** Returns an argument, or null if it is missing. */
    public String optional(String name) {
        return json.path(name).asText(null);
    }

    /** Returns a number, or 0 if it is missing. */
    public int number(String name) {
        return json.path(name).asInt();
    }

    /** Returns the elements of a list, none if it is missing. */
    public List<String> texts(String name) {
        List<String> texts = new ArrayList<>();
        json.path(name).forEach(text -> texts.add(text.asText()));
        return texts;
    }
}
