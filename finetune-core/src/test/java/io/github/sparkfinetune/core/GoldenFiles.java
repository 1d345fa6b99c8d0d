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

/** The reference numbers: {@code golden/} on the class path, or the folder that {@code -Dgolden.dir} names. */
public final class GoldenFiles {
    // Python writes a metric that is not defined as NaN.
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private GoldenFiles() {}

    /** Whether it is the fixtures on the class path. */
    public static boolean isOwn() {
        return System.getProperty("golden.dir", "").isEmpty();
    }

    /** The fixture root. */
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

    /** Every folder of {@code kind}, e.g. {@code models}, by name; at least one. */
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

    /** A JSON file under the root. */
    public static JsonNode json(String file) {
        return json(root().resolve(file));
    }

    /** A JSON file. */
    public static JsonNode json(Path file) {
        try {
            return MAPPER.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The head of a golden model, where it is one that the engine has. */
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
     * The golden language models of families that the engine has, by name; without those that differ from another one
     * in the form of their files alone.
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

    /** {@code expected.safetensors} of a folder; the caller closes it. */
    public static SafetensorsFile expected(Path folder) {
        return SafetensorsFile.open(folder.resolve("expected.safetensors"));
    }

    /** A tensor of F32 values. */
    public static float[] floats(SafetensorsFile file, String name) {
        float[] values = new float[(int) file.info(name).count()];
        file.floats(name, 0, java.nio.FloatBuffer.wrap(values));
        return values;
    }

    /** A tensor of I64 values. */
    public static long[] longs(SafetensorsFile file, String name) {
        long[] values = new long[(int) file.info(name).count()];
        file.buffer(name).asLongBuffer().get(values);
        return values;
    }
}
