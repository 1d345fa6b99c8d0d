package io.github.sparkfinetune.core.safetensors;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.data.files.Quoted;
import io.github.sparkfinetune.data.hf.ModelFolder;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Weights of a model folder on any file system, for inspection. Headers are read at opening; each call reads bytes of a
 * tensor. To compute with the weights, copy the folder with {@link ModelFolder} and open {@link SafetensorsModel}.
 */
public final class ModelWeights implements TensorSource {
    private final FileSystem fileSystem;
    private final Map<String, Place> places;

    /** Position of a tensor in its file. */
    private record Place(Path file, long dataStart, TensorInfo info) {}

    private ModelWeights(FileSystem fileSystem, Map<String, Place> places) {
        this.fileSystem = fileSystem;
        this.places = Collections.unmodifiableMap(places);
    }

    /**
     * Opens the weights of a model folder; a local folder is opened as a {@link SafetensorsModel}.
     *
     * @throws RunException if weights or a shard are missing, or a file is damaged
     */
    public static TensorSource open(Path folder, Configuration hadoop) throws IOException {
        FileSystem fileSystem = HadoopFiles.fileSystem(folder, hadoop);
        if (HadoopFiles.isLocal(fileSystem)) {
            return SafetensorsModel.open(HadoopFiles.local(folder));
        }
        return openFar(fileSystem, folder);
    }

    /** Opens the weights of a folder as a folder that is not local. */
    static ModelWeights openFar(FileSystem fileSystem, Path folder) throws IOException {
        Map<String, Place> places = new LinkedHashMap<>();
        Path single = new Path(folder, SafetensorsModel.FILE);
        Path index = new Path(folder, SafetensorsModel.INDEX);
        if (fileSystem.exists(single) || !fileSystem.exists(index)) {
            add(fileSystem, single, places);
        } else {
            ObjectNode content = JsonFiles.parseObject(HadoopFiles.readText(fileSystem, index), index.toString());
            for (String name :
                    SafetensorsModel.shards(content, index.toString()).keySet()) {
                add(fileSystem, new Path(folder, name), places);
            }
        }
        return new ModelWeights(fileSystem, places);
    }

    private static void add(FileSystem fileSystem, Path file, Map<String, Place> places) throws IOException {
        try (FSDataInputStream in = fileSystem.open(file)) {
            long size = fileSystem.getFileStatus(file).getLen();
            ByteBuffer begin = read(in, 0, (int) Math.min(size, SafetensorsHeader.LENGTH_BYTES));
            int length = SafetensorsHeader.length(begin, size, file.toString());
            long dataStart = (long) SafetensorsHeader.LENGTH_BYTES + length;
            ByteBuffer json = read(in, SafetensorsHeader.LENGTH_BYTES, length);
            SafetensorsHeader.parse(json, size - dataStart, file.toString())
                    .tensors()
                    .forEach((name, info) -> places.put(StoredNames.loaded(name), new Place(file, dataStart, info)));
        } catch (FileNotFoundException e) {
            throw RunException.data(file + " is missing: give a model folder with safetensors weights", e);
        }
    }

    private static ByteBuffer read(FSDataInputStream in, long from, int length) throws IOException {
        byte[] bytes = new byte[length];
        in.readFully(from, bytes);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private Place place(String name) {
        Place place = places.get(name);
        if (place == null) {
            throw RunException.data("there is no tensor " + Quoted.name(name)
                    + " in the safetensors weights; they do not fit the model's configuration");
        }
        return place;
    }

    @Override
    public Set<String> names() {
        return places.keySet();
    }

    @Override
    public TensorInfo info(String name) {
        return place(name).info();
    }

    @Override
    public ByteBuffer buffer(String name, long from, int length) {
        Place place = place(name);
        try (FSDataInputStream in = fileSystem.open(place.file())) {
            return read(in, place.dataStart() + place.info().begin() + from, length);
        } catch (IOException e) {
            throw HadoopFiles.failed("cannot be read", place.file(), e);
        }
    }

    @Override
    public String fileOf(String name) {
        return place(name).file().toString();
    }

    @Override
    public void close() {
        // Nothing stays open between calls.
    }
}
