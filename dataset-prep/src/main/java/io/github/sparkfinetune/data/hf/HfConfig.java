package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;

/**
 * A model folder's {@code config.json}. Keys that every model has are read through accessors, those of one family by
 * their names; keys that nobody reads survive a rewrite. A value of another type than asked for is refused with file
 * and key. Immutable.
 */
public final class HfConfig {
    /** Name of the file. */
    public static final String FILE = "config.json";

    private static final String ID2LABEL = "id2label";
    private static final int DEFAULT_NUM_LABELS = 2;
    private static final int MOST_LAYERS = 10_000;

    private final String source;
    private final ObjectNode tree;
    /** The model that this is the text part of. */
    private final Optional<MultimodalConfig> whole;

    private HfConfig(String source, ObjectNode tree) {
        this(source, tree, Optional.empty());
    }

    private HfConfig(String source, ObjectNode tree, Optional<MultimodalConfig> whole) {
        this.source = source;
        this.tree = tree;
        this.whole = whole;
    }

    /**
     * Reads {@code config.json} of a local model folder.
     *
     * @throws RunException when it is missing or not a JSON object
     */
    public static HfConfig read(Path folder) {
        Path file = folder.resolve(FILE);
        return new HfConfig(file.toString(), JsonFiles.readObject(file));
    }

    /**
     * Reads {@code config.json} of a model folder, wherever it lies, and nothing else of it.
     *
     * @throws RunException when it is missing or not a JSON object
     */
    public static HfConfig read(org.apache.hadoop.fs.Path folder, Configuration hadoop) throws IOException {
        return find(folder, hadoop)
                .orElseThrow(() -> RunException.data("model: " + new org.apache.hadoop.fs.Path(folder, FILE)
                        + " does not exist: give a model folder in Hugging Face layout"));
    }

    /**
     * The same, or nothing where the folder has no {@code config.json}.
     *
     * @throws RunException when it is not a JSON object
     */
    public static Optional<HfConfig> find(org.apache.hadoop.fs.Path folder, Configuration hadoop) throws IOException {
        org.apache.hadoop.fs.Path file = new org.apache.hadoop.fs.Path(folder, FILE);
        byte[] bytes = HfFolderFiles.content(file, hadoop);
        return Optional.ofNullable(bytes)
                .map(content -> new String(content, StandardCharsets.UTF_8))
                .map(text -> new HfConfig(file.toString(), JsonFiles.parseObject(text, file.toString())));
    }

    /** The file it was read from, for messages. */
    public String source() {
        return source;
    }

    /** Architecture family, e.g. {@code bert}. */
    public String modelType() {
        return text("model_type").orElseThrow(() -> missing("model_type"));
    }

    /** The configuration of the text part of a multimodal model; the same for a text model. */
    public HfConfig textPart() {
        return MultimodalConfig.of(tree)
                .map(file -> new HfConfig(source, file.text(), Optional.of(file)))
                .orElse(this);
    }

    /** {@code model_type} of the multimodal model that this is the text part of; empty for a text model. */
    public Optional<String> multimodalType() {
        return whole.map(MultimodalConfig::modelType);
    }

    /** The same, as a text model of its own. */
    public HfConfig alone() {
        return new HfConfig(source, tree);
    }

    /** Class names, e.g. {@code BertForSequenceClassification}; empty when not stated. */
    public List<String> architectures() {
        List<String> names = new ArrayList<>();
        tree.path("architectures").forEach(name -> names.add(name.asText()));
        return Collections.unmodifiableList(names);
    }

    /** Rows of the token embedding. */
    public int vocabSize() {
        return size("vocab_size");
    }

    /** Padding token; its row of the token embedding gets no gradient. Empty when not stated. */
    public OptionalInt padTokenId() {
        return find("pad_token_id").isEmpty()
                ? OptionalInt.empty()
                : OptionalInt.of(integer("pad_token_id").orElseThrow());
    }

    /** Number of classes: those of {@code id2label}, or else 2 as {@code transformers} assumes. */
    public int numLabels() {
        List<String> labels = labels();
        return labels.isEmpty() ? integer("num_labels").orElse(DEFAULT_NUM_LABELS) : labels.size();
    }

    /**
     * Names of the classes by id; empty when {@code id2label} is not there.
     *
     * @throws RunException when its ids are not 0 … n-1
     */
    public List<String> labels() {
        JsonNode labels = tree.path(ID2LABEL);
        if (labels.isMissingNode() || labels.isNull()) {
            return List.of();
        }
        Map<Integer, String> byId = new TreeMap<>();
        labels.fields().forEachRemaining(entry -> {
            if (!entry.getKey().matches("\\d{1,9}")) {
                throw RunException.data(source + ": " + ID2LABEL + " has the id " + Quoted.name(entry.getKey())
                        + "; ids must be the numbers from 0");
            }
            byId.put(Integer.valueOf(entry.getKey()), entry.getValue().asText());
        });
        if (!labels.isObject() || byId.size() != labels.size()) {
            throw RunException.data(source + ": " + ID2LABEL + " must map each id to a name");
        }
        for (int id = 0; id < byId.size(); id++) {
            if (!byId.containsKey(id)) {
                throw RunException.data(source + ": " + ID2LABEL + " has " + byId.size() + " labels but no id " + id);
            }
        }
        return List.copyOf(byId.values());
    }

    /** A value that has no accessor of its own, or empty when it is not there or null. */
    public Optional<JsonNode> find(String key) {
        JsonNode value = tree.path(key);
        return value.isMissingNode() || value.isNull() ? Optional.empty() : Optional.of(value.deepCopy());
    }

    /** Whether a key is there, be it null. */
    public boolean has(String key) {
        return tree.has(key);
    }

    /** A whole number, under the first of these names that is there. */
    public OptionalInt integer(String... keys) {
        for (String key : keys) {
            Optional<JsonNode> value = find(key);
            if (value.isPresent()) {
                if (!value.get().canConvertToInt() || !value.get().isIntegralNumber()) {
                    throw wrong(key, value.get(), "a whole number");
                }
                return OptionalInt.of(value.get().intValue());
            }
        }
        return OptionalInt.empty();
    }

    /** A number, under the first of these names that is there, or else {@code defaultValue}. */
    public double number(double defaultValue, String... keys) {
        for (String key : keys) {
            Optional<JsonNode> value = find(key);
            if (value.isPresent()) {
                if (!value.get().isNumber() || !Double.isFinite(value.get().doubleValue())) {
                    throw wrong(key, value.get(), "a number");
                }
                return value.get().doubleValue();
            }
        }
        return defaultValue;
    }

    /** A truth value, or else {@code defaultValue}. */
    public boolean flag(boolean defaultValue, String key) {
        Optional<JsonNode> value = find(key);
        if (value.isPresent() && !value.get().isBoolean()) {
            throw wrong(key, value.get(), "true or false");
        }
        return value.map(JsonNode::booleanValue).orElse(defaultValue);
    }

    /** A text, under the first of these names that is there. */
    public Optional<String> text(String... keys) {
        for (String key : keys) {
            Optional<JsonNode> value = find(key);
            if (value.isPresent()) {
                if (!value.get().isTextual()) {
                    throw wrong(key, value.get(), "a text");
                }
                return Optional.of(value.get().textValue());
            }
        }
        return Optional.empty();
    }

    /**
     * The configuration of a classifier of texts made from this model; whatever else it says stays as it is.
     *
     * @param architecture class name, e.g. {@code BertForSequenceClassification}
     * @param labels names of the classes by id, without duplicates
     * @param problemType what is predicted: single_label_classification, multi_label_classification or regression
     * @param dtype element type of the weights as PyTorch names it, e.g. {@code float32}
     */
    public HfConfig asSequenceClassifier(String architecture, List<String> labels, String problemType, String dtype) {
        return asTokenClassifier(architecture, labels, dtype).with("problem_type", problemType);
    }

    /** The configuration of a classifier of tokens made from this model, with the same parameters. */
    public HfConfig asTokenClassifier(String architecture, List<String> labels, String dtype) {
        ObjectNode copy = tree.deepCopy();
        copy.set("architectures", copy.arrayNode().add(architecture));
        ObjectNode id2label = copy.objectNode();
        ObjectNode label2id = copy.objectNode();
        for (int id = 0; id < labels.size(); id++) {
            id2label.put(String.valueOf(id), labels.get(id));
            label2id.put(labels.get(id), id);
        }
        if (label2id.size() != labels.size()) {
            throw new IllegalArgumentException("labels must differ: " + labels);
        }
        copy.set(ID2LABEL, id2label);
        copy.set("label2id", label2id);
        // num_labels is derived from id2label; a stale value would contradict it.
        copy.remove(List.of("num_labels", "_num_labels", "problem_type"));
        copy.put(dtypeKey(), dtype);
        return new HfConfig(source, copy, whole);
    }

    /**
     * The configuration of a language model made from this model; whatever else it says stays as it is.
     *
     * @param architecture class name, e.g. {@code LlamaForCausalLM}
     * @param dtype element type of the weights as PyTorch names it, e.g. {@code float32}
     */
    public HfConfig asLanguageModel(String architecture, String dtype) {
        return with("architectures", List.of(architecture)).with(dtypeKey(), dtype);
    }

    /**
     * The configuration of a model that tells where answers begin and end, made from this model; whatever else it says
     * stays as it is.
     *
     * @param architecture class name, e.g. {@code BertForQuestionAnswering}
     * @param dtype element type of the weights as PyTorch names it, e.g. {@code float32}
     */
    public HfConfig asQuestionAnswerer(String architecture, String dtype) {
        HfConfig model = asLanguageModel(architecture, dtype);
        // Its head has two outputs, which is what transformers assumes where there are no labels.
        for (String key : List.of(ID2LABEL, "label2id", "num_labels", "_num_labels", "problem_type")) {
            model = model.with(key, null);
        }
        return model;
    }

    /** Under which name the element type is stated: {@code transformers} before 4.56 knows the longer one only. */
    private String dtypeKey() {
        return tree.has("torch_dtype") ? "torch_dtype" : "dtype";
    }

    /** The same with another value of one key; null removes it. */
    public HfConfig with(String key, Object value) {
        ObjectNode copy = tree.deepCopy();
        if (value == null) {
            copy.remove(key);
        } else {
            copy.set(key, JsonFiles.MAPPER.valueToTree(value));
        }
        return new HfConfig(source, copy, whole);
    }

    /** The same with a vocabulary of at least so many tokens. */
    public HfConfig withTokens(int tokens) {
        return tokens > vocabSize() ? with("vocab_size", tokens) : this;
    }

    /**
     * The file's bytes, keys sorted as {@code transformers} sorts them; those of a text part are all of the multimodal
     * model's.
     */
    public byte[] toJson() {
        ObjectNode sorted = tree.objectNode();
        Map<String, JsonNode> byKey = new TreeMap<>();
        whole.map(file -> file.with(tree))
                .orElse(tree)
                .fields()
                .forEachRemaining(entry -> byKey.put(entry.getKey(), entry.getValue()));
        byKey.forEach(sorted::set);
        return JsonFiles.pretty(sorted);
    }

    /** A count that must be there and be at least 1, under the first of these names that is there. */
    public int size(String... keys) {
        int value = integer(keys).orElseThrow(() -> missing(String.join(" or ", keys)));
        if (value < 1) {
            throw RunException.data(
                    source + ": " + String.join(" or ", keys) + " is " + value + ", must be at least 1");
        }
        return value;
    }

    /** The same, or {@code defaultValue} where it is not there. */
    public int sizeOr(int defaultValue, String key) {
        return find(key).isEmpty() ? defaultValue : size(key);
    }

    /** The number of layers, of each of which much is made before any weight is read. */
    public int layers(String... keys) {
        int layers = size(keys);
        if (layers > MOST_LAYERS) {
            throw RunException.data(
                    source + ": " + String.join(" or ", keys) + " is " + layers + ", must be at most " + MOST_LAYERS);
        }
        return layers;
    }

    /**
     * A count that divides another.
     *
     * @param key of the count
     * @param wholeKey of what it divides
     */
    public int divisor(String key, String wholeKey) {
        return divisor(new String[] {key}, wholeKey);
    }

    /** The same where both have several names. */
    public int divisor(String[] keys, String... wholeKeys) {
        int value = size(keys);
        int whole = size(wholeKeys);
        if (whole % value != 0) {
            throw RunException.data(source + ": " + String.join(" or ", keys) + " " + value + " does not divide "
                    + String.join(" or ", wholeKeys) + " " + whole);
        }
        return value;
    }

    /** A probability in [0, 1), or else {@code defaultValue}. */
    public double rate(double defaultValue, String key) {
        double value = number(defaultValue, key);
        if (value < 0 || value >= 1) {
            throw RunException.data(source + ": " + key + " is " + value + ", must be in [0, 1)");
        }
        return value;
    }

    /**
     * Refuses another value of a key than the only one that is supported, which is also the default.
     *
     * @throws RunException naming both
     */
    public void require(String key, Object supported) {
        JsonNode value = find(key).orElse(null);
        if (value != null && !value.equals(JsonFiles.MAPPER.valueToTree(supported))) {
            throw RunException.data(source + ": " + key + " " + Quoted.name(value.asText()) + " is not supported, only "
                    + supported + " is");
        }
    }

    private RunException missing(String key) {
        return RunException.data(source + ": " + key + " is missing; is this the model's own config.json?");
    }

    private RunException wrong(String key, JsonNode value, String wanted) {
        String shown = value instanceof ArrayNode ? "a list" : Quoted.name(value.toString());
        return RunException.data(source + ": " + key + " is " + shown + ", must be " + wanted);
    }
}
