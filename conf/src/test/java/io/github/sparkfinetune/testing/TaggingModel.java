package io.github.sparkfinetune.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A token classifier that tags given words, made from the golden model {@code bert-tokencls}. Its layers pass on the
 * embeddings: their last linears are zero. A tagged token's embedding is large in one dimension, which the classifier
 * reads, so that its tag does not depend on the other words.
 */
public final class TaggingModel {
    private static final Path GOLDEN = Path.of("../finetune-core/src/test/resources/golden/models/bert-tokencls");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final float LARGE = 100;

    private TaggingModel() {}

    /**
     * Writes the model.
     *
     * @param folder new folder
     * @param tags tag of each word; a word is a token of the golden model's vocabulary, in lower case
     */
    public static Path write(Path folder, Map<String, String> tags) throws IOException {
        Files.createDirectories(folder);
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(GOLDEN.resolve(file), folder.resolve(file));
        }
        List<String> labels = new ArrayList<>(List.of("O"));
        tags.values().stream().distinct().sorted().forEach(labels::add);
        ObjectNode config =
                (ObjectNode) JSON.readTree(GOLDEN.resolve("config.json").toFile());
        ObjectNode names = config.putObject("id2label");
        ObjectNode ids = config.putObject("label2id");
        for (int id = 0; id < labels.size(); id++) {
            names.put(String.valueOf(id), labels.get(id));
            ids.put(labels.get(id), id);
        }
        Files.write(folder.resolve("config.json"), JSON.writeValueAsBytes(config));
        weights(folder, tags, labels, config.get("hidden_size").asInt());
        return folder;
    }

    private static void weights(Path folder, Map<String, String> tags, List<String> labels, int hidden)
            throws IOException {
        ByteBuffer stored = ByteBuffer.wrap(Files.readAllBytes(GOLDEN.resolve("model.safetensors")))
                .order(ByteOrder.LITTLE_ENDIAN);
        byte[] header = new byte[Math.toIntExact(stored.getLong())];
        stored.get(header);
        ByteBuffer data = stored.slice().order(ByteOrder.LITTLE_ENDIAN);
        ObjectNode tensors = (ObjectNode) JSON.readTree(header);
        ObjectNode vocabulary = (ObjectNode)
                JSON.readTree(folder.resolve("tokenizer.json").toFile()).at("/model/vocab");
        for (String name : List.of("attention.output.dense", "output.dense")) {
            for (int layer = 0; layer < 2; layer++) {
                fill(tensors, data, "bert.encoder.layer." + layer + "." + name + ".weight", 0);
                fill(tensors, data, "bert.encoder.layer." + layer + "." + name + ".bias", 0);
            }
        }
        tensors.fieldNames().forEachRemaining(name -> {
            if (name.endsWith("LayerNorm.weight")) {
                fill(tensors, data, name, 1);
            } else if (name.endsWith("LayerNorm.bias")) {
                fill(tensors, data, name, 0);
            }
        });
        int words = begin(tensors, "bert.embeddings.word_embeddings.weight");
        for (Map.Entry<String, String> tag : tags.entrySet()) {
            JsonNode id = vocabulary.path(tag.getKey());
            if (!id.isInt()) {
                throw new IllegalArgumentException(tag.getKey() + " is no token");
            }
            int dimension = labels.indexOf(tag.getValue());
            data.putFloat(words + (id.asInt() * hidden + dimension) * Float.BYTES, LARGE);
        }
        float[] classifier = new float[labels.size() * hidden];
        float[] bias = new float[labels.size()];
        // The layers' norms give a large dimension the value √hidden, and others at most about 3.
        bias[0] = (float) (Math.sqrt(hidden) * 0.8);
        for (int label = 1; label < labels.size(); label++) {
            classifier[label * hidden + label] = 1;
        }
        write(folder, tensors, data, Map.of("classifier.weight", classifier, "classifier.bias", bias), hidden);
    }

    private static int begin(ObjectNode tensors, String name) {
        return tensors.get(name).get("data_offsets").get(0).asInt();
    }

    private static void fill(ObjectNode tensors, ByteBuffer data, String name, float value) {
        JsonNode places = tensors.get(name).get("data_offsets");
        for (int at = places.get(0).asInt(); at < places.get(1).asInt(); at += Float.BYTES) {
            data.putFloat(at, value);
        }
    }

    /** Writes the stored tensors, and others at their end in the place of stored ones. */
    private static void write(Path folder, ObjectNode tensors, ByteBuffer data, Map<String, float[]> others, int hidden)
            throws IOException {
        int size = data.capacity();
        int all = size
                + others.values().stream()
                        .mapToInt(values -> values.length * Float.BYTES)
                        .sum();
        ByteBuffer grown = ByteBuffer.allocate(all)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(data.duplicate().rewind());
        ObjectNode header = JSON.createObjectNode();
        // The format allows no bytes between tensors, so replaced tensors stay under another name.
        tensors.fields()
                .forEachRemaining(tensor -> header.set(
                        others.containsKey(tensor.getKey()) ? "replaced." + tensor.getKey() : tensor.getKey(),
                        tensor.getValue()));
        for (Map.Entry<String, float[]> other : others.entrySet()) {
            int start = grown.position();
            for (float value : other.getValue()) {
                grown.putFloat(value);
            }
            ObjectNode tensor = header.putObject(other.getKey()).put("dtype", "F32");
            int rows = other.getValue().length;
            if (other.getKey().endsWith("weight")) {
                tensor.putArray("shape").add(rows / hidden).add(hidden);
            } else {
                tensor.putArray("shape").add(rows);
            }
            tensor.putArray("data_offsets").add(start).add(grown.position());
        }
        byte[] json = JSON.writeValueAsString(header).getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(Long.BYTES + json.length + all).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(json.length).put(json).put(grown.rewind());
        Files.write(folder.resolve("model.safetensors"), file.array());
    }
}
