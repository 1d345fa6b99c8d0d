package io.github.sparkfinetune.extra.evidence;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.hadoop.fs.Path;

/**
 * Index of the evidence of a run: {@value #FILE_NAME}, in UTF-8 JSON. Fields have the names of the components of these
 * records, in {@code snake_case}. The index holds no text and no value of a row.
 *
 * @param schemaVersion version of this format, {@value #SCHEMA_VERSION}
 * @param version version of this program; {@code unpackaged} for a build without a jar
 * @param created time, ISO 8601 in UTC
 * @param run run of the evidence
 * @param files all other files of the evidence, sorted by name; not the signature
 * @param hashes groups of files that the run read and wrote
 * @param data what became of the rows
 * @param figures metrics on held-out text
 */
public record EvidenceIndex(
        int schemaVersion,
        String version,
        String created,
        Run run,
        List<File> files,
        List<Group> hashes,
        Data data,
        List<Figure> figures) {
    /** Version of the format that this program writes and reads. */
    public static final int SCHEMA_VERSION = 1;
    /** Name of the index in the evidence. */
    public static final String FILE_NAME = "evidence.json";

    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    /**
     * Run of the evidence.
     *
     * @param name name of the run
     * @param task the configuration's {@code task}
     * @param output output folder, as a URI
     */
    public record Run(String name, String task, String output) {}

    /** File of the evidence with its SHA-256 in hexadecimal. */
    public record File(String name, long bytes, String sha256) {}

    /**
     * Files that the run read or wrote.
     *
     * @param name {@code base}, {@code teacher}, {@code dataset}, {@code model}, {@code merged}, {@code predictions},
     *     {@code checkpoints}, {@code results}, or the configuration key of a source
     * @param role {@code input} or {@code output}
     * @param root folder of the names, as a URI
     * @param files number of files
     * @param bytes length of all files
     * @param sha256 SHA-256 of the list of the files' hashes, in the format of {@code sha256sum}, sorted by name
     * @param list file of the evidence with that list; absent (null) for a source, whose names of files may be personal
     */
    public record Group(
            String name,
            String role,
            String root,
            int files,
            long bytes,
            String sha256,
            @JsonInclude(JsonInclude.Include.NON_NULL) String list) {}

    /**
     * Counts of kept, dropped and erased rows of the sources.
     *
     * @param sources sources when the dataset was prepared, with their fingerprints
     * @param erased number of erased documents; their hashes would reveal an erasure to anyone who has the document
     * @param redacted parts of texts that {@code data.redact} replaced, by entity
     * @param privacy guarantee of {@code training.privacy}; absent (null) if the run is not private
     */
    public record Data(
            List<Manifest.Source> sources,
            long erased,
            Map<String, Long> redacted,
            @JsonInclude(JsonInclude.Include.NON_NULL) PrivacySpent privacy) {}

    /**
     * Metric on held-out text.
     *
     * @param set held-out set: {@code test} for the run's own, {@code base} for the base model on it, or a further set
     * @param metric name of the metric, as in {@code metrics.json}
     * @param command command that recomputes the value
     */
    public record Figure(String set, String metric, double value, String command) {
        /** Returns the name of the figure for messages. */
        String shown() {
            return set + " " + metric;
        }
    }

    public EvidenceIndex {
        Objects.requireNonNull(run, "run is missing");
        Objects.requireNonNull(data, "data is missing");
        files = List.copyOf(files);
        hashes = List.copyOf(hashes);
        figures = List.copyOf(figures);
    }

    /** Returns the text of {@code erasure.json} with numbers of documents instead of their hashes. */
    static String withoutHashes(String json, Path file) throws IOException {
        JsonNode erasures = JSON.readTree(json);
        for (JsonNode erasure : erasures) {
            if (!(erasure instanceof ObjectNode fields)) {
                throw RunException.data(file + " is not a list of erasures: restore the file");
            }
            fields.put("documents", fields.path("documents").size());
            fields.remove("places");
        }
        return new String(JsonFiles.pretty(erasures), StandardCharsets.UTF_8);
    }

    byte[] toJson() {
        return JsonFiles.pretty(JSON.valueToTree(this));
    }

    /**
     * Reads an index.
     *
     * @param name name of the file for messages
     * @throws RunException if this program cannot read it
     */
    static EvidenceIndex parse(byte[] json, String name) {
        int version = JsonFiles.parseObject(new String(json, StandardCharsets.UTF_8), name)
                .path("schema_version")
                .asInt();
        if (version != SCHEMA_VERSION) {
            throw RunException.data(name + " has the schema_version " + version + ", this program reads "
                    + SCHEMA_VERSION + ": verify it with the version that wrote it");
        }
        try {
            return JSON.readValue(json, EvidenceIndex.class);
        } catch (JsonProcessingException e) {
            throw RunException.data(name + " is not an index of evidence (" + e.getOriginalMessage() + ")", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
