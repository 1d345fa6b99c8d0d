package io.github.sparkfinetune.core.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.ModuleNames;
import io.github.sparkfinetune.conf.error.RunException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Typed fields of a JSON file. Null and missing mean the default. Errors name file and field. */
record JsonFields(Path file, ObjectNode tree) {

    private JsonNode find(String key) {
        JsonNode value = tree.path(key);
        return value.isNull() ? tree.path("") : value;
    }

    int integer(String key, int defaultValue) {
        return find(key).isMissingNode() ? defaultValue : integer(key, find(key));
    }

    private int integer(String key, JsonNode value) {
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw bad(key, "a whole number");
        }
        return value.intValue();
    }

    double number(String key, double defaultValue) {
        return find(key).isMissingNode() ? defaultValue : number(key, find(key));
    }

    private double number(String key, JsonNode value) {
        if (!value.isNumber()) {
            throw bad(key, "a number");
        }
        return value.doubleValue();
    }

    boolean flag(String key) {
        if (!find(key).isMissingNode() && !find(key).isBoolean()) {
            throw bad(key, "true or false");
        }
        return find(key).booleanValue();
    }

    String text(String key) {
        if (!find(key).isMissingNode() && !find(key).isTextual()) {
            throw bad(key, "a string");
        }
        return find(key).textValue();
    }

    /** Returns a list of strings; a single string is a list of one. */
    List<String> texts(String key) {
        JsonNode value = find(key);
        if (value.isTextual()) {
            return List.of(value.textValue());
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode text : list(key, value)) {
            if (!text.isTextual()) {
                throw bad(key, "a list of strings");
            }
            texts.add(text.textValue());
        }
        return texts;
    }

    /** Returns a list of integers; a single number is a list of one. */
    List<Integer> integerList(String key) {
        JsonNode value = find(key);
        return value.isNumber() ? List.of(integer(key, value)) : integerList(key, value);
    }

    private List<Integer> integerList(String key, JsonNode value) {
        List<Integer> integers = new ArrayList<>();
        list(key, value).forEach(number -> integers.add(integer(key, number)));
        return integers;
    }

    /** Returns lists of integers by name. */
    Map<String, List<Integer>> integerLists(String key) {
        Map<String, List<Integer>> lists = new LinkedHashMap<>();
        object(key).fields().forEachRemaining(entry -> lists.put(entry.getKey(), integerList(key, entry.getValue())));
        return lists;
    }

    private JsonNode list(String key, JsonNode value) {
        if (!value.isArray() && !value.isMissingNode()) {
            throw bad(key, "a list");
        }
        return value;
    }

    ModuleNames names(String key) {
        JsonNode value = find(key);
        if (value.isMissingNode()) {
            return null;
        }
        return value.isTextual() ? ModuleNames.matching(value.textValue()) : ModuleNames.of(texts(key));
    }

    Map<String, Integer> integers(String key) {
        Map<String, Integer> values = new LinkedHashMap<>();
        object(key).fields().forEachRemaining(entry -> values.put(entry.getKey(), integer(key, entry.getValue())));
        return values;
    }

    Map<String, Double> numbers(String key) {
        Map<String, Double> values = new LinkedHashMap<>();
        object(key).fields().forEachRemaining(entry -> values.put(entry.getKey(), number(key, entry.getValue())));
        return values;
    }

    private JsonNode object(String key) {
        if (!find(key).isObject() && !find(key).isMissingNode()) {
            throw bad(key, "an object");
        }
        return find(key);
    }

    RunException bad(String key, String expected) {
        return RunException.data(file + ": " + key + " is " + shown(tree.path(key)) + ", must be " + expected);
    }

    static String shown(JsonNode value) {
        if (value.isMissingNode()) {
            return "missing";
        }
        String text = value.toString().replaceAll("\\p{Cntrl}", "?");
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }
}
