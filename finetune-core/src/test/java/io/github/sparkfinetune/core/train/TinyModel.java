package io.github.sparkfinetune.core.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.checkpoint.HfFolderWriter;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.model.weight.TokenRows;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/** Model folders made from golden models. */
final class TinyModel {
    private static final ObjectMapper JSON = new ObjectMapper();

    private TinyModel() {}

    /**
     * Copies a golden model.
     *
     * @param folder new folder
     * @param kind name of the golden model
     * @param edit changes its config.json
     */
    static Path copy(Path folder, String kind, Consumer<ObjectNode> edit) throws IOException {
        Files.createDirectories(folder);
        try (Stream<Path> files =
                Files.list(GoldenFiles.root().resolve("models").resolve(kind))) {
            for (Path file : files.toList()) {
                if (!file.getFileName().toString().matches("(expected|private).*")) {
                    Files.copy(file, folder.resolve(file.getFileName().toString()));
                }
            }
        }
        editConfig(folder, edit);
        return folder;
    }

    /** Changes a folder's config.json. */
    static void editConfig(Path folder, Consumer<ObjectNode> edit) throws IOException {
        Path file = folder.resolve(HfConfig.FILE);
        ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
        edit.accept(config);
        Files.write(file, JSON.writeValueAsBytes(config));
    }

    /** Returns a model's weights by name, in F32. */
    static Map<String, float[]> weights(Path folder) {
        Map<String, float[]> tensors = new LinkedHashMap<>();
        try (SafetensorsModel source = SafetensorsModel.open(folder)) {
            for (String name : source.names()) {
                float[] values = new float[(int) source.info(name).count()];
                source.floats(name, 0, FloatBuffer.wrap(values));
                tensors.put(name, values);
            }
        }
        return tensors;
    }

    /**
     * Writes a model's weights in another type and in shards, with the rest of its folder.
     *
     * @param target new folder
     * @param maxShardSize largest size of a shard in bytes
     * @param edit changes the values of a tensor, by the tensor's name
     */
    static Path rewrite(
            Path folder, Path target, TensorType type, long maxShardSize, BiConsumer<String, float[]> edit) {
        List<TensorData> tensors = new ArrayList<>();
        try (SafetensorsModel source = SafetensorsModel.open(folder)) {
            weights(folder).forEach((name, values) -> {
                edit.accept(name, values);
                tensors.add(
                        TensorData.f32(name, source.info(name).shape(), values).as(type));
            });
        }
        HfFolderWriter.once("output", new org.apache.hadoop.fs.Path(target.toUri()), new Configuration(false), "test")
                .write(List.of(folder), HfConfig.read(folder), tensors, "a test's\n", maxShardSize, Map.of());
        return target;
    }

    /**
     * Copies a model, and adds a copy of one of its tensors.
     *
     * @param target new folder
     * @param ending ending of the tensor's name
     * @param name name of the added tensor
     */
    static Path withCopy(Path folder, Path target, String ending, String name) {
        List<TensorData> tensors = new ArrayList<>();
        try (SafetensorsModel source = SafetensorsModel.open(folder)) {
            weights(folder).forEach((stored, values) -> {
                long[] shape = source.info(stored).shape();
                tensors.add(TensorData.f32(stored, shape, values));
                if (stored.endsWith(ending)) {
                    tensors.add(TensorData.f32(name, shape, values));
                }
            });
        }
        HfFolderWriter.once("output", new org.apache.hadoop.fs.Path(target.toUri()), new Configuration(false), "test")
                .write(List.of(folder), HfConfig.read(folder), tensors, "a test's\n", Long.MAX_VALUE, Map.of());
        return target;
    }

    /**
     * Copies a model, and adds a tensor.
     *
     * @param target new folder
     */
    static Path with(Path folder, Path target, TensorData added) {
        List<TensorData> tensors = new ArrayList<>(List.of(added));
        try (SafetensorsModel source = SafetensorsModel.open(folder)) {
            weights(folder)
                    .forEach((stored, values) -> tensors.add(
                            TensorData.f32(stored, source.info(stored).shape(), values)));
        }
        HfFolderWriter.once("output", new org.apache.hadoop.fs.Path(target.toUri()), new Configuration(false), "test")
                .write(List.of(folder), HfConfig.read(folder), tensors, "a test's\n", Long.MAX_VALUE, Map.of());
        return target;
    }

    /** Returns the current values of the parameters that are not trained. */
    static Map<String, float[]> frozen(Model model) {
        Map<String, float[]> frozen = new LinkedHashMap<>();
        for (Parameter parameter : model.parameters()) {
            if (!parameter.trainable()) {
                frozen.put(parameter.name(), parameter.value().toFloatArray());
            }
        }
        return frozen;
    }

    /** Asserts that frozen parameters are unchanged, except for rows of the embedding table that are trained alone. */
    static void assertFrozen(Model model, Map<String, float[]> before) {
        for (Parameter parameter : model.parameters()) {
            float[] was = before.get(parameter.name());
            if (was == null) {
                continue;
            }
            float[] now = parameter.value().toFloatArray();
            if (parameter.name().equals(model.table().name())) {
                int width = (int) parameter.shape()[1];
                for (int token : model.tokenRows().map(TokenRows::tokens).orElse(List.of())) {
                    System.arraycopy(was, token * width, now, token * width, width);
                }
            }
            assertThat(Arrays.equals(now, was))
                    .as("%s is frozen", parameter.name())
                    .isTrue();
        }
    }
}
