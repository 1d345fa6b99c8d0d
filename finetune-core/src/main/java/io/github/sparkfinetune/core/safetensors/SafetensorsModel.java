package io.github.sparkfinetune.core.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.data.files.Quoted;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Weights of a Hugging Face model folder: {@code model.safetensors}, or all shards that
 * {@code model.safetensors.index.json} lists. Tensors have their names in the class into which transformers loads them.
 */
public final class SafetensorsModel implements TensorSource {
    /** File name of weights that are not sharded. */
    public static final String FILE = "model.safetensors";

    /** File name of the list of shards. */
    public static final String INDEX = "model.safetensors.index.json";

    private static final String WEIGHT_MAP = "weight_map";

    private final Path folder;
    private final Set<SafetensorsFile> files;
    private final Map<String, Place> byName;

    /** A file and the tensor's name in the file. */
    private record Place(SafetensorsFile file, String name) {}

    private SafetensorsModel(Path folder, Set<SafetensorsFile> files, Map<String, Place> byName) {
        this.folder = folder;
        this.files = files;
        this.byName = Collections.unmodifiableMap(byName);
    }

    /**
     * Opens the weights of a local model folder.
     *
     * @throws RunException if weights, a shard or a tensor of the index are missing, or a file is damaged
     */
    public static SafetensorsModel open(Path folder) {
        if (Files.isRegularFile(folder.resolve(FILE))) {
            SafetensorsFile file = SafetensorsFile.open(folder.resolve(FILE));
            Map<String, Place> byName = new LinkedHashMap<>();
            file.names().forEach(name -> byName.put(StoredNames.loaded(name), new Place(file, name)));
            return new SafetensorsModel(folder, Set.of(file), byName);
        }
        Path index = folder.resolve(INDEX);
        if (Files.isRegularFile(index)) {
            return openShards(folder, index);
        }
        if (Files.isRegularFile(folder.resolve("pytorch_model.bin"))
                || Files.isRegularFile(folder.resolve("pytorch_model.bin.index.json"))) {
            throw RunException.data(
                    folder + " has pytorch_model.bin only: that is a Python pickle, which runs code when"
                            + " it is read; convert it once in Python by"
                            + " AutoModel.from_pretrained(DIR).save_pretrained(DIR, safe_serialization=True)");
        }
        throw RunException.data(folder + " has no " + FILE + ": give a model folder in Hugging Face layout");
    }

    private static SafetensorsModel openShards(Path folder, Path index) {
        Map<String, Set<String>> namesOfShard = shards(JsonFiles.readObject(index), index.toString());
        Set<SafetensorsFile> files = new LinkedHashSet<>();
        Map<String, Place> byName = new LinkedHashMap<>();
        SafetensorsModel model = new SafetensorsModel(folder, files, byName);
        try {
            namesOfShard.forEach((shard, names) -> openShard(folder.resolve(shard), names, files, byName));
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
        return model;
    }

    /**
     * Returns the tensors of each shard, by the name of its file.
     *
     * @throws RunException if a name leads out of the folder
     */
    static Map<String, Set<String>> shards(JsonNode content, String index) {
        JsonNode weightMap = content.path(WEIGHT_MAP);
        if (!weightMap.isObject() || weightMap.isEmpty()) {
            throw RunException.data(index + ": " + WEIGHT_MAP + " is missing or empty; the index is damaged");
        }
        Map<String, Set<String>> namesOfShard = new TreeMap<>();
        weightMap.fields().forEachRemaining(entry -> {
            String shard = entry.getValue().asText();
            if (!entry.getValue().isTextual() || !shard.matches("[^/\\\\:\\p{Cntrl}]+\\.safetensors")) {
                throw RunException.data(index + ": tensor " + Quoted.name(entry.getKey()) + " lies in "
                        + Quoted.name(shard) + ", which is not the name of a safetensors file in this folder");
            }
            namesOfShard.computeIfAbsent(shard, s -> new TreeSet<>()).add(entry.getKey());
        });
        return namesOfShard;
    }

    private static void openShard(Path path, Set<String> names, Set<SafetensorsFile> files, Map<String, Place> byName) {
        SafetensorsFile file = SafetensorsFile.open(path);
        files.add(file);
        names.forEach(file::info);
        file.names().stream()
                .filter(names::contains)
                .forEach(name -> byName.put(StoredNames.loaded(name), new Place(file, name)));
    }

    @Override
    public Set<String> names() {
        return byName.keySet();
    }

    @Override
    public TensorInfo info(String name) {
        Place place = place(name);
        return place.file().info(place.name());
    }

    @Override
    public Optional<FilePlace> localPlace(String name) {
        Place place = place(name);
        return place.file().localPlace(place.name());
    }

    @Override
    public ByteBuffer buffer(String name, long from, int length) {
        Place place = place(name);
        return place.file().buffer(place.name(), from, length);
    }

    @Override
    public void read(String name, long from, ByteBuffer target) {
        Place place = place(name);
        place.file().read(place.name(), from, target);
    }

    @Override
    public String fileOf(String name) {
        Place place = place(name);
        return place.file().fileOf(place.name());
    }

    private Place place(String name) {
        Place place = byName.get(name);
        if (place == null) {
            throw RunException.data(folder + ": there is no tensor " + Quoted.name(name)
                    + " in its safetensors weights; they do not fit the model's configuration");
        }
        return place;
    }

    @Override
    public void close() {
        files.forEach(SafetensorsFile::close);
    }
}
