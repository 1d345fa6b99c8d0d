package io.github.sparkfinetune.core;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.safetensors.SafetensorsFile;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Reference numbers in {@code golden/} on the class path, or in the folder that {@code -Dgolden.dir} names. */
public final class GoldenFiles {
    // Python writes an undefined metric as NaN.
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private GoldenFiles() {}

    /** Returns whether the reference numbers are the ones on the class path. */
    public static boolean isOwn() {
        return System.getProperty("golden.dir", "").isEmpty();
    }

    /** Returns the root folder of the reference numbers. */
    public static Path root() {
        String other = System.getProperty("golden.dir", "");
        if (!other.isEmpty()) {
            return Path.of(other).toAbsolutePath();
        }
        URL golden = GoldenFiles.class.getResource("/golden");
        if (golden == null) {
            throw new IllegalStateException("golden/ is not on the class path");
        }
        try {
            return Path.of(golden.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the folders of a kind such as {@code models}, sorted by name; at least one. */
    public static List<Path> folders(String kind) {
        Path parent = root().resolve(kind);
        try (Stream<Path> children = Files.list(parent)) {
            List<Path> folders = children.filter(Files::isDirectory).sorted().toList();
            if (folders.isEmpty()) {
                throw new IllegalStateException(parent + " has no folders");
            }
            return folders;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads a JSON file under the root. */
    public static JsonNode json(String file) {
        return json(root().resolve(file));
    }

    /** Reads a JSON file. */
    public static JsonNode json(Path file) {
        try {
            return MAPPER.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the head of a golden model, or empty if the engine does not have this head. */
    public static Optional<HeadKind> head(Path model) {
        Path expected = model.resolve("expected.json");
        String task = Files.exists(expected) ? json(expected).path("task").asText() : "";
        return switch (task) {
            case "seqcls" -> Optional.of(HeadKind.SEQUENCE_CLASSIFICATION);
            case "tokencls" -> Optional.of(HeadKind.TOKEN_CLASSIFICATION);
            case "qa" -> Optional.of(HeadKind.QUESTION_ANSWERING);
            case "mlm" -> Optional.of(HeadKind.MASKED_LM);
            case "clm" -> Optional.of(HeadKind.CAUSAL_LM);
            default -> Optional.empty();
        };
    }

    /**
     * Returns the names of the golden language models whose family the engine has. Models that differ from another
     * model only in the form of their files are left out.
     */
    public static List<String> decoders() {
        return folders("models").stream()
                .filter(folder ->
                        head(folder).filter(HeadKind.CAUSAL_LM::equals).isPresent())
                .filter(folder -> Architectures.find(HfConfig.read(folder)).isPresent())
                .filter(folder -> !HfConfig.read(folder).has("rope_parameters"))
                .filter(folder -> !HfConfig.read(folder).has("text_config"))
                .map(folder -> folder.getFileName().toString())
                .toList();
    }

    /** Opens {@code expected.safetensors} of a folder; the caller closes the file. */
    public static SafetensorsFile expected(Path folder) {
        return SafetensorsFile.open(folder.resolve("expected.safetensors"));
    }

    /** Reads a tensor of F32 values. */
    public static float[] floats(SafetensorsFile file, String name) {
        float[] values = new float[(int) file.info(name).count()];
        file.floats(name, 0, java.nio.FloatBuffer.wrap(values));
        return values;
    }

    /** Reads a tensor of I64 values. */
    public static long[] longs(SafetensorsFile file, String name) {
        long[] values = new long[(int) file.info(name).count()];
        file.buffer(name).asLongBuffer().get(values);
        return values;
    }
}
