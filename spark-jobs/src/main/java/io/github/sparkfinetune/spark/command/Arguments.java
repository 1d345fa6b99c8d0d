package io.github.sparkfinetune.spark.command;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.key.Components;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Arguments of a command. The component {@code numNegatives} of the record is the option {@code --num-negatives} of the
 * command line and the key {@code num_negatives} of a JSON object; {@code isPublic} is {@code --public}.
 *
 * @param type record whose components are {@link Argument}s
 */
public record Arguments<A extends Record>(Class<A> type) {

    /**
     * Parameter of a command.
     *
     * @param name name of the component
     * @param type type of the values
     * @param isList whether the value is a list of texts
     */
    public record Parameter(String name, Class<?> type, boolean isList, Argument words) {
        private static Parameter of(RecordComponent component) {
            boolean isList = List.class.isAssignableFrom(component.getType());
            return new Parameter(
                    component.getName(), component.getType(), isList, component.getAnnotation(Argument.class));
        }

        /** Returns the option of the command line. */
        public String option() {
            return "--" + parts("-");
        }

        /** Returns the key in JSON. */
        public String key() {
            return parts("_");
        }

        private String parts(String separator) {
            return name.replaceFirst("^is(?=[A-Z])", "")
                    .replaceAll("(?<=[a-z])(?=[A-Z])", separator)
                    .toLowerCase(Locale.ROOT);
        }

        private Object missing() {
            if (isList) {
                return List.of();
            }
            if (type == boolean.class) {
                return false;
            }
            String text = words.otherwise();
            return text.isEmpty() ? null : JsonFiles.MAPPER.convertValue(text, type);
        }
    }

    /** Returns the parameters, in the order of the record. */
    public List<Parameter> parameters() {
        return Arrays.stream(type.getRecordComponents()).map(Parameter::of).toList();
    }

    /**
     * Returns the arguments of a JSON object.
     *
     * @throws RunException if the object has another key, lacks a required one, or the command refuses a value
     */
    public A of(JsonNode json) {
        Map<String, Object> values = new HashMap<>();
        for (Parameter parameter : parameters()) {
            JsonNode value = json.path(parameter.key());
            JavaType expected = parameter.isList()
                    ? JsonFiles.MAPPER.getTypeFactory().constructCollectionType(List.class, String.class)
                    : JsonFiles.MAPPER.constructType(parameter.type());
            if (!value.isMissingNode() && !value.isNull()) {
                try {
                    values.put(parameter.name(), JsonFiles.MAPPER.convertValue(value, expected));
                } catch (IllegalArgumentException e) {
                    throw RunException.config(parameter.option() + ": " + value + " is no "
                            + parameter.type().getSimpleName());
                }
            } else if (parameter.words().required()) {
                throw RunException.config("the call has no argument " + parameter.key() + ": give it a value");
            }
        }
        requireKnown(json);
        return of(values);
    }

    private void requireKnown(JsonNode json) {
        List<String> known = parameters().stream().map(Parameter::key).toList();
        for (Iterator<String> keys = json.fieldNames(); keys.hasNext(); ) {
            String key = keys.next();
            if (!known.contains(key)) {
                throw RunException.config(
                        "the call has an argument " + key + ", known are " + String.join(", ", known));
            }
        }
    }

    /**
     * Returns the arguments of given values.
     *
     * @param values values by the name of the component; others have their defaults
     * @throws RunException if the command refuses a value
     */
    public A of(Map<String, ?> values) {
        List<Parameter> parameters = parameters();
        Object[] components = parameters.stream()
                .map(parameter ->
                        values.containsKey(parameter.name()) ? values.get(parameter.name()) : parameter.missing())
                .toArray();
        return Components.construct(type, components);
    }
}
