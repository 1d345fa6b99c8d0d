package io.github.sparkfinetune.data.files;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;

/** JSON files of a model folder. */
public final class JsonFiles {
    public static final ObjectMapper MAPPER = new ObjectMapper()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private JsonFiles() {}

    /**
     * Reads a file that holds one object.
     *
     * @throws RunException when it is missing or not a JSON object
     */
    public static ObjectNode readObject(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            ByteBuffer bytes = ByteBuffer.wrap(HadoopFiles.readAll(in, file.toString()));
            // This decoder reports bytes that are not UTF-8; the default would replace them.
            return parseObject(StandardCharsets.UTF_8.newDecoder().decode(bytes).toString(), file.toString());
        } catch (NoSuchFileException e) {
            throw RunException.data(file + " is missing: give a model folder in Hugging Face layout", e);
        } catch (java.nio.charset.CharacterCodingException e) {
            throw RunException.data(file + " is not UTF-8; the file is damaged", e);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Parses a JSON object.
     *
     * @param file source of the text, for messages
     * @throws RunException when it is not well-formed, has a key twice, or is not an object
     */
    public static ObjectNode parseObject(String json, String file) {
        try {
            JsonNode tree = MAPPER.readTree(json);
            if (tree instanceof ObjectNode object) {
                return object;
            }
            throw RunException.data(file + " is not a JSON object; the file is damaged");
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
            throw RunException.data(
                    file + ", line " + line + ": not well-formed JSON (" + Quoted.name(e.getOriginalMessage()) + ")",
                    e);
        }
    }

    /** Returns an object with these fields, in their order. */
    public static ObjectNode tree(Map<String, ?> fields) {
        return MAPPER.valueToTree(fields);
    }

    /**
     * Formats JSON with two spaces a level and a newline at the end, as Python's {@code json.dumps(indent=2)} with
     * "\n".
     */
    public static byte[] pretty(JsonNode tree) {
        DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
        DefaultPrettyPrinter printer = new PythonPrinter();
        printer.indentObjectsWith(indenter);
        printer.indentArraysWith(indenter);
        try {
            return (MAPPER.writer(printer).writeValueAsString(tree) + "\n").getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class PythonPrinter extends DefaultPrettyPrinter {
        private static final long serialVersionUID = 1L;

        @Override
        public DefaultPrettyPrinter createInstance() {
            return new PythonPrinter(this);
        }

        PythonPrinter() {
            _objectFieldValueSeparatorWithSpaces = ": ";
        }

        PythonPrinter(PythonPrinter base) {
            super(base);
            _objectFieldValueSeparatorWithSpaces = ": ";
        }
    }
}
