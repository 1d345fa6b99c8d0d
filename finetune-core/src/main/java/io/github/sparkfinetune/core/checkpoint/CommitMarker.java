package io.github.sparkfinetune.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.data.hf.JsonFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What {@code COMMITTED} says of a checkpoint's files: a JSON object with the size in bytes of each by its name and, as
 * {@code crc32c}, an object with the CRC-32C of each by its name, 8 hexadecimal digits. Checkpoints of version 0.1 have
 * sizes alone.
 */
final class CommitMarker {
    private static final String CHECKSUMS = "crc32c";

    /** A file as it was written. */
    record Written(long size, long checksum) {}

    private final Map<String, Written> files = new LinkedHashMap<>();

    /** Writes a file and takes note of it. */
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

    /** Whether a marker lists this size for a file. */
    static boolean hasSize(JsonNode marker, String name, Long size) {
        return marker.path(name).isIntegralNumber()
                && Long.valueOf(marker.path(name).longValue()).equals(size);
    }

    /**
     * Reads a file and tells whether it is what was written; one without a checksum is.
     *
     * @throws IOException where it can't be read
     */
    static boolean isSound(JsonNode marker, FileSystem fileSystem, Path file) throws IOException {
        JsonNode checksum = marker.path(CHECKSUMS).path(file.getName());
        if (checksum.isMissingNode()) {
            return true;
        }
        CRC32C crc = new CRC32C();
        try (CheckedInputStream in = new CheckedInputStream(fileSystem.open(file), crc)) {
            in.transferTo(OutputStream.nullOutputStream());
        } catch (ChecksumException e) {
            return false;
        }
        return hex(crc.getValue()).equals(checksum.asText());
    }

    private static String hex(long checksum) {
        return "%08x".formatted(checksum);
    }
}
