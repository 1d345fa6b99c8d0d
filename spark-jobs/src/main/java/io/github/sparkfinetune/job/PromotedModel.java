package io.github.sparkfinetune.job;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.core.JsonProcessingException;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.JsonFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A file that points at the model in use, on any Hadoop file system. The file is a JSON object with {@code promoted}
 * (an {@link Entry}), {@code by} (the name of the last writer) and {@code previous} (the earlier entries, newest
 * first). A write replaces the whole file, so a reader finds the old or the new content. The later of two concurrent
 * writers wins.
 */
public final class PromotedModel {
    /** Number of earlier entries that are kept; nobody goes back further. */
    private static final int MOST_PREVIOUS = 20;

    /**
     * A model that is or was in use.
     *
     * @param model folder of the model or adapter
     * @param run {@code output.dir} of its run
     * @param metric name of the metric that the promotion compared
     * @param value value of the metric on the run's held-out text
     * @param runId the promoter's name for the run
     * @param time time of the promotion, ISO 8601, UTC
     * @param registered version in MLflow's registry; absent (null) if the run has registered none
     */
    @JsonPropertyOrder({"model", "run", "metric", "value", "run_id", "time", "registered"})
    public record Entry(
            @JsonProperty(required = true) String model,
            @JsonProperty(required = true) String run,
            @JsonProperty(required = true) String metric,
            @JsonProperty(required = true) double value,
            @JsonProperty(value = "run_id", required = true) String runId,
            @JsonProperty(required = true) String time,
            @JsonInclude(JsonInclude.Include.NON_NULL) Registered registered) {}

    /**
     * Version in MLflow's registry to which an alias points.
     *
     * @param trackingUri server with the registry
     * @param name name of the registered model
     * @param version number of the version
     * @param alias alias of the model in use
     */
    @JsonPropertyOrder({"tracking_uri", "name", "version", "alias"})
    public record Registered(
            @JsonProperty(value = "tracking_uri", required = true)
            String trackingUri,

            @JsonProperty(required = true) String name,
            @JsonProperty(required = true) String version,
            @JsonProperty(required = true) String alias) {
        @Override
        public String toString() {
            return "alias " + alias + " of " + name + " at version " + version;
        }
    }

    private record Content(
            @JsonProperty(required = true) Entry promoted,
            @JsonProperty(required = true) String by,
            @JsonProperty(required = true) List<Entry> previous) {}

    private final Path path;
    private final FileSystem files;

    /** @throws RunException if {@code pointer} is not a path of a known file system */
    public PromotedModel(String pointer, Configuration hadoop) {
        try {
            path = new Path(pointer);
            files = HadoopFiles.fileSystem(path, hadoop);
        } catch (IllegalArgumentException e) {
            throw RunException.config("--pointer: '" + pointer + "' is no path: " + e.getMessage());
        }
    }

    /** Returns the model in use, or empty if there is none yet. */
    public Optional<Entry> current() {
        return read().map(Content::promoted);
    }

    /** Points at another model. */
    public void promote(Entry entry) {
        List<Entry> previous = read().map(
                        content -> Stream.concat(Stream.of(content.promoted()), content.previous().stream())
                                .limit(MOST_PREVIOUS)
                                .toList())
                .orElse(List.of());
        write(new Content(entry, entry.runId(), previous));
    }

    /**
     * Points at the previous model, unless the last change was already made under the same name.
     *
     * @param by the caller's name for the change
     * @return the model in use
     * @throws RunException if there is no previous model
     */
    public Entry rollBack(String by) {
        Content content = read().orElseThrow(() -> RunException.data(path + ": there is no promoted model"));
        if (content.by().equals(by)) {
            return content.promoted();
        }
        if (content.previous().isEmpty()) {
            throw RunException.data(path + ": no model was promoted before "
                    + content.promoted().model());
        }
        Entry before = content.previous().get(0);
        write(new Content(
                before, by, content.previous().subList(1, content.previous().size())));
        return before;
    }

    private Optional<Content> read() {
        try {
            String text = HadoopFiles.readText(files, path);
            return Optional.of(JsonFiles.MAPPER.readValue(text, Content.class));
        } catch (FileNotFoundException e) {
            return Optional.empty();
        } catch (JsonProcessingException e) {
            throw RunException.data(
                    path + " is not a file that finetune promote has written: name another --pointer, or remove it", e);
        } catch (IOException e) {
            throw new UncheckedIOException(path + " cannot be read: " + e.getMessage(), e);
        }
    }

    private void write(Content content) {
        HadoopFiles.writeWhole(files, path, JsonFiles.pretty(JsonFiles.MAPPER.valueToTree(content)));
    }
}
