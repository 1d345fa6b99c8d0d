package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.data.files.Quoted;
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
 * The {@code config.json} of a model folder. Keys that every model has are read through accessors, keys of one family
 * by name. A rewrite keeps keys that are not read. A value of another type is refused with file and key. Immutable.
 */
public final class HfConfig extends ConfigKeys {
    /** Name of the file. */
    public static final String FILE = "config.json";

    private static final String ID2LABEL = "id2label";
    private static final String COMPUTE_DTYPE = "compute_dtype";
    private static final String BF16 = "bfloat16";
    private static final String F32 = "float32";
    private static final int DEFAULT_NUM_LABELS = 2;
    private static final int MOST_LAYERS = 10_000;

    /** Multimodal model whose text part this is. */
    private final Optional<MultimodalConfig> whole;

    private HfConfig(String source, ObjectNode tree) {
        this(source, tree, Optional.empty());
    }

    private HfConfig(String source, ObjectNode tree, Optional<MultimodalConfig> whole) {
        super(source, tree);
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
     * Reads {@code config.json} of a model folder on any file system, and no other file.
     *
     * @throws RunException when it is missing or not a JSON object
     */
    public static HfConfig read(org.apache.hadoop.fs.Path folder, Configuration hadoop) throws IOException {
        Optional<HfConfig> config = find(folder, hadoop);
        if (config.isEmpty()) {
            throw RunException.data("model: " + new org.apache.hadoop.fs.Path(folder, FILE)
                    + " does not exist: give a model folder in Hugging Face layout"
                    + HfFolderFiles.onHub(folder, hadoop));
        }
        return config.get();
    }

    /**
     * Reads {@code config.json} of a model folder on any file system; empty for a folder without.
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

    /** Returns the architecture family, e.g. {@code bert}. */
    public String modelType() {
        return text("model_type").orElseThrow(() -> missing("model_type"));
    }

    /** Returns the configuration of the text part of a multimodal model; of a text model, this configuration. */
    public HfConfig textPart() {
        return MultimodalConfig.of(tree())
                .map(file -> new HfConfig(source(), file.text(), Optional.of(file)))
                .orElse(this);
    }

    /** Returns {@code model_type} of the multimodal model whose text part this is; empty for a text model. */
    public Optional<String> multimodalType() {
        return whole.map(MultimodalConfig::modelType);
    }

    /** Returns this text part as the configuration of a text model. */
    public HfConfig alone() {
        return new HfConfig(source(), tree());
    }

    /** Returns the class names, e.g. {@code BertForSequenceClassification}; empty when not stated. */
    public List<String> architectures() {
        List<String> names = new ArrayList<>();
        tree().path("architectures").forEach(name -> names.add(name.asText()));
        return Collections.unmodifiableList(names);
    }

    /** Returns the number of rows of the token embedding. */
    public int vocabSize() {
        return size("vocab_size");
    }

    /**
     * Returns the number of layers, at most {@value #MOST_LAYERS}: every layer allocates memory before any weight is
     * read.
     */
    public int layers(String... keys) {
        int layers = size(keys);
        if (layers > MOST_LAYERS) {
            throw RunException.data(
                    source() + ": " + String.join(" or ", keys) + " is " + layers + ", must be at most " + MOST_LAYERS);
        }
        return layers;
    }

    /** Returns the padding token, whose row of the token embedding gets no gradient. Empty when not stated. */
    public OptionalInt padTokenId() {
        return find("pad_token_id").isEmpty()
                ? OptionalInt.empty()
                : OptionalInt.of(integer("pad_token_id").orElseThrow());
    }

    /** Returns the number of classes in {@code id2label}, or 2, the default of {@code transformers}. */
    public int numLabels() {
        List<String> labels = labels();
        return labels.isEmpty() ? integer("num_labels").orElse(DEFAULT_NUM_LABELS) : labels.size();
    }

    /**
     * Returns the names of the classes by id; empty without {@code id2label}.
     *
     * @throws RunException when its ids are not 0 … n-1
     */
    public List<String> labels() {
        JsonNode labels = tree().path(ID2LABEL);
        if (labels.isMissingNode() || labels.isNull()) {
            return List.of();
        }
        Map<Integer, String> byId = new TreeMap<>();
        labels.fields().forEachRemaining(entry -> {
            if (!entry.getKey().matches("\\d{1,9}")) {
                throw RunException.data(source() + ": " + ID2LABEL + " has the id " + Quoted.name(entry.getKey())
                        + "; ids must be the numbers from 0");
            }
            byId.put(Integer.valueOf(entry.getKey()), entry.getValue().asText());
        });
        if (!labels.isObject() || byId.size() != labels.size()) {
            throw RunException.data(source() + ": " + ID2LABEL + " must map each id to a name");
        }
        for (int id = 0; id < byId.size(); id++) {
            if (!byId.containsKey(id)) {
                throw RunException.data(source() + ": " + ID2LABEL + " has " + byId.size() + " labels but no id " + id);
            }
        }
        return List.copyOf(byId.values());
    }

    /**
     * Returns the configuration of a text classifier made from this model; other keys stay as they are.
     *
     * @param architecture class name, e.g. {@code BertForSequenceClassification}
     * @param labels names of the classes by id, without duplicates
     * @param problemType kind of prediction: single_label_classification, multi_label_classification or regression
     * @param dtype element type of the weights as PyTorch names it, e.g. {@code float32}
     */
    public HfConfig asSequenceClassifier(String architecture, List<String> labels, String problemType, String dtype) {
        return asTokenClassifier(architecture, labels, dtype).with("problem_type", problemType);
    }

    /** Returns the configuration of a token classifier made from this model; parameters as for a text classifier. */
    public HfConfig asTokenClassifier(String architecture, List<String> labels, String dtype) {
        ObjectNode copy = tree().deepCopy();
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
        return new HfConfig(source(), copy, whole);
    }

    /**
     * Returns the configuration of a language model made from this model; other keys stay as they are.
     *
     * @param architecture class name, e.g. {@code LlamaForCausalLM}
     * @param dtype element type of the weights as PyTorch names it, e.g. {@code float32}
     */
    public HfConfig asLanguageModel(String architecture, String dtype) {
        return with("architectures", List.of(architecture)).with(dtypeKey(), dtype);
    }

    /**
     * Returns the configuration of an extractive question answering model made from this model; other keys stay as they
     * are.
     *
     * @param architecture class name, e.g. {@code BertForQuestionAnswering}
     * @param dtype element type of the weights as PyTorch names it, e.g. {@code float32}
     */
    public HfConfig asQuestionAnswerer(String architecture, String dtype) {
        HfConfig model = asLanguageModel(architecture, dtype);
        // The head has two outputs, which is the default of transformers without labels.
        for (String key : List.of(ID2LABEL, "label2id", "num_labels", "_num_labels", "problem_type")) {
            model = model.with(key, null);
        }
        return model;
    }

    /**
     * Returns whether the model was trained with matrix products in BF16; empty when not stated, as by other libraries.
     *
     * @throws RunException when it is neither bfloat16 nor float32
     */
    public Optional<Boolean> trainedInBf16() {
        Optional<String> dtype = text(COMPUTE_DTYPE);
        if (dtype.isPresent() && !List.of(BF16, F32).contains(dtype.get())) {
            throw RunException.data(source() + ": " + COMPUTE_DTYPE + " is " + Quoted.name(dtype.get()) + ", must be "
                    + BF16 + " or " + F32);
        }
        return dtype.map(BF16::equals);
    }

    /** Returns this configuration with the type of the matrix products in training. */
    public HfConfig withTrainedInBf16(boolean bf16) {
        return with(COMPUTE_DTYPE, bf16 ? BF16 : F32);
    }

    /** Returns the key of the element type; {@code transformers} before 4.56 knows the longer name only. */
    private String dtypeKey() {
        return tree().has("torch_dtype") ? "torch_dtype" : "dtype";
    }

    /** Returns this configuration with another value of a key; null removes the key. */
    public HfConfig with(String key, Object value) {
        ObjectNode copy = tree().deepCopy();
        if (value == null) {
            copy.remove(key);
        } else {
            copy.set(key, JsonFiles.MAPPER.valueToTree(value));
        }
        return new HfConfig(source(), copy, whole);
    }

    /** Returns this configuration with a vocabulary of at least so many tokens. */
    public HfConfig withTokens(int tokens) {
        return tokens > vocabSize() ? with("vocab_size", tokens) : this;
    }

    /**
     * Returns the bytes of the file, with keys sorted as {@code transformers} sorts them. For a text part the file is
     * the whole multimodal model's.
     */
    public byte[] toJson() {
        ObjectNode sorted = tree().objectNode();
        Map<String, JsonNode> byKey = new TreeMap<>();
        whole.map(file -> file.with(tree()))
                .orElse(tree())
                .fields()
                .forEachRemaining(entry -> byKey.put(entry.getKey(), entry.getValue()));
        byKey.forEach(sorted::set);
        return JsonFiles.pretty(sorted);
    }
}
