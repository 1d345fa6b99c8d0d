package io.github.sparkfinetune.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.json.FlatRecords;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.data.files.GrowingFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes {@code metrics.jsonl}, one JSON object for each record. A run that resumes from a checkpoint repeats the steps
 * after it, so their earlier records are dropped.
 */
public final class MetricsLog implements AutoCloseable {
    static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .serializationInclusion(JsonInclude.Include.NON_NULL)
            .addModule(new FlatRecords())
            .build();

    private final RunFolder folder;
    /** Records of earlier calls; cleared when the first new record decides which of them stay. */
    private final List<TrainingRecord> earlier;

    private GrowingFile out;

    private MetricsLog(RunFolder folder, List<TrainingRecord> earlier) {
        this.folder = folder;
        this.earlier = earlier;
    }

    /**
     * Opens the log of the folder, or starts a new one.
     *
     * @throws RunException if a line is not a record
     */
    public static MetricsLog open(RunFolder folder) throws IOException {
        return new MetricsLog(folder, read(folder));
    }

    /** Reads the records of the folder, without a truncated last line. */
    public static List<TrainingRecord> read(RunFolder folder) throws IOException {
        List<TrainingRecord> records = new ArrayList<>();
        String text = folder.read(RunFolder.METRICS_LOG).orElse("");
        int start = 0;
        for (int end; (end = text.indexOf('\n', start)) >= 0; start = end + 1) {
            try {
                records.add(JSON.readValue(text.substring(start, end), TrainingRecord.class));
            } catch (JsonProcessingException e) {
                throw RunException.data(
                        folder.shown(RunFolder.METRICS_LOG) + ":" + (records.size() + 1)
                                + ": is not a record of a training run: remove the file",
                        e);
            }
        }
        return records;
    }

    /** Writes a record, which readers see at once if the file system supports it. */
    public void add(TrainingRecord record) {
        try {
            if (out == null) {
                out = folder.grow(RunFolder.METRICS_LOG);
                for (TrainingRecord kept : earlier) {
                    if (isKept(kept, record)) {
                        write(kept);
                    }
                }
                earlier.clear();
            }
            write(record);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns whether a record of an earlier call stays before the first new record. */
    static boolean isKept(TrainingRecord earlier, TrainingRecord first) {
        return earlier.step() < first.step() || (earlier.step() == first.step() && first.eval() != null);
    }

    private void write(TrainingRecord record) throws IOException {
        out.write((JSON.writeValueAsString(record) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() throws IOException {
        if (out != null) {
            out.close();
        }
    }
}
