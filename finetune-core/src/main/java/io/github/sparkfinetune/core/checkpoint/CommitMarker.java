package io.github.sparkfinetune.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Content of {@code COMMITTED}: a JSON object with each file's size in bytes by name and, as {@code crc32c}, an object
 * with each file's CRC-32C by name, in 8 hexadecimal digits. Checkpoints of version 0.1 have only sizes.
 */
final class CommitMarker {
    private static final String CHECKSUMS = "crc32c";

    /** Size and checksum of a written file. */
    record Written(long size, long checksum) {}

    private final Map<String, Written> files = new LinkedHashMap<>();

    /** Writes a file and records its size and checksum. */
    void write(FileSystem fileSystem, Path file, CheckpointOutput.Content content) {
        files.put(file.getName(), CheckpointOutput.write(fileSystem, file, content));
    }

    byte[] toJson() {
        ObjectNode json = JsonFiles.MAPPER.createObjectNode();
        files.forEach((name, written) -> json.put(name, written.size()));
        ObjectNode checksums = json.putObject(CHECKSUMS);
        files.forEach((name, written) -> checksums.put(name, hex(written.checksum())));
        return JsonFiles.pretty(json);
    }

    /** Returns whether a marker lists this size for a file. */
    static boolean hasSize(JsonNode marker, String name, Long size) {
        return marker.path(name).isIntegralNumber()
                && Long.valueOf(marker.path(name).longValue()).equals(size);
    }

    /** Returns the CRC-32C that a marker lists for a file, or {@link CheckpointFiles#NONE}. */
    static long checksum(JsonNode marker, String name) {
        JsonNode checksum = marker.path(CHECKSUMS).path(name);
        return checksum.isMissingNode() ? CheckpointFiles.NONE : HexFormat.fromHexDigitsToLong(checksum.asText());
    }

    private static String hex(long checksum) {
        return "%08x".formatted(checksum);
    }
}
