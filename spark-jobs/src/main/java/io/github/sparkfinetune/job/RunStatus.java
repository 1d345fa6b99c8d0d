package io.github.sparkfinetune.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.folder.RunFolder;
import java.io.IOException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;

/**
 * Content of {@code status.json}, the result of the last command on a run.
 *
 * @param command name of the command
 * @param exitCode its exit code
 * @param message error in one line, or null
 * @param time end of the command in ISO 8601, UTC
 */
record RunStatus(String command, int exitCode, String message, String time) {
    private static final ObjectReader JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build()
            .readerFor(RunStatus.class)
            .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    /** Returns the end of the command. */
    Instant ended() {
        return Instant.parse(time);
    }

    /**
     * Reads the file of a run's folder, or returns empty if there is none.
     *
     * @throws RunException if the file is not the result of a command
     */
    static Optional<RunStatus> read(RunFolder folder) throws IOException {
        Optional<String> text = folder.read(RunFolder.STATUS);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            RunStatus status = JSON.readValue(text.get());
            return status.command() != null && status.ended() != null ? Optional.of(status) : Optional.empty();
        } catch (JsonProcessingException | DateTimeParseException | NullPointerException e) {
            throw RunException.data(
                    folder.shown(RunFolder.STATUS) + ": is not the result of a command: remove the file", e);
        }
    }
}
