package io.github.sparkfinetune.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.data.hf.GrowingFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code metrics.jsonl}: a JSON object a record. A run that goes on from a checkpoint makes the steps after it anew:
 * what was written of these is dropped.
 */
public final class MetricsLog implements AutoCloseable {
    static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .serializationInclusion(JsonInclude.Include.NON_NULL)
            .build();

    private final RunFolder folder;
    /** Of earlier calls; emptied when the first record tells which of them stay. */
    private final List<TrainingRecord> earlier;

    private GrowingFile out;

    private MetricsLog(RunFolder folder, List<TrainingRecord> earlier) {
        this.folder = folder;
        this.earlier = earlier;
    }

    /**
     * Goes on with the log in the folder, or starts one.
     *
     * @throws RunException if a line of it is not a record
     */
    public static MetricsLog open(RunFolder folder) throws IOException {
        return new MetricsLog(folder, read(folder));
    }

    /** The records in the folder; a last line that was cut off is left out. */
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

    /** Writes a record; it can be read at once where the file system allows it. */
    public void add(TrainingRecord record) {
        try {
            if (out == null) {
                out = folder.grow(RunFolder.METRICS_LOG);
                for (TrainingRecord kept : earlier) {
                    if (kept.step() < record.step() || (kept.step() == record.step() && record.eval() != null)) {
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
