package io.github.sparkfinetune.extra.lineage;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/** Appends events to a file of the driver's machine, one line each, as OpenLineage's {@code file} does. */
record FileTransport(Path file) implements Transport {

    /** @throws IllegalArgumentException if the settings have no {@code location} */
    static FileTransport of(Map<String, String> settings) {
        String location = settings.get("location");
        if (location == null) {
            throw new IllegalArgumentException("OpenLineage's transport file has no location");
        }
        try {
            return new FileTransport(Path.of(location));
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("OpenLineage's transport file has a location that is no path", e);
        }
    }

    @Override
    public void send(String event) throws IOException {
        // One write, so that lines of several drivers do not mix.
        byte[] line = (event + "\n").getBytes(StandardCharsets.UTF_8);
        Files.write(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
