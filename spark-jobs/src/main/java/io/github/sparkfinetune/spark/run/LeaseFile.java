package io.github.sparkfinetune.spark.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.UUID;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** File of a {@link Lease}. */
record LeaseFile(FileSystem files, Path path) {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseFile.class);
    /** Attempts to read a file, which is empty for a moment while it is replaced. */
    private static final int READS = 5;

    private static final long BETWEEN_READS_MILLIS = 100;

    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    /** Returns the folder that the lease is for. */
    Path folder() {
        return path.getParent();
    }

    /** Returns the mark in the file. Returns null if there is no file, or only an empty file of an earlier version. */
    LeaseMark read() throws IOException {
        for (int read = 0; read < READS; read++) {
            try (FSDataInputStream in = files.open(path)) {
                return JSON.readValue(in.readAllBytes(), LeaseMark.class);
            } catch (FileNotFoundException e) {
                return null;
            } catch (JsonProcessingException e) {
                pause(BETWEEN_READS_MILLIS);
            }
        }
        return null;
    }

    /**
     * Returns the time after which the lease is over unless it is renewed, by the file system's clock; 0 if it is over.
     */
    Duration remaining(LeaseMark mark) throws IOException {
        if (mark.hasEnded()) {
            return Duration.ZERO;
        }
        long renewed;
        try {
            renewed = files.getFileStatus(path).getModificationTime();
        } catch (FileNotFoundException e) {
            return Duration.ZERO;
        }
        // Outside the block above: a probe that another command deletes does not mean that the lease is over.
        long rest = mark.length().toMillis() - Math.max(0, now() - renewed);
        return Duration.ofMillis(Math.max(0, rest));
    }

    /** Returns the time with which the file system stamps a new file. */
    private long now() throws IOException {
        Path probe = new Path(folder(), "." + path.getName() + "-" + UUID.randomUUID());
        try {
            HadoopFiles.write(files, probe, out -> out.write(1));
            return files.getFileStatus(probe).getModificationTime();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } finally {
            HadoopFiles.discard(files, probe);
        }
    }

    /** Creates the file exclusively, and returns whether that succeeded. It never does on an object store. */
    boolean create(LeaseMark mark) throws IOException {
        return !HadoopFiles.isObjectStore(files) && HadoopFiles.createNew(files, path, JSON.writeValueAsBytes(mark));
    }

    /** Writes the file, and replaces an existing file. */
    void write(LeaseMark mark) throws IOException {
        byte[] bytes = JSON.writeValueAsBytes(mark);
        try {
            HadoopFiles.write(files, path, out -> out.write(bytes));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** Deletes the file, and returns whether that succeeded. */
    boolean deleted() {
        try {
            files.delete(path, false);
            return true;
        } catch (IOException e) {
            LOG.warn("{} stays as the lease of an ended run: it cannot be deleted ({})", path, e.getMessage());
            return false;
        }
    }

    /** Waits between two reads. */
    static void pause(long millis) throws IOException {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Returns the path. */
    @Override
    public String toString() {
        return path.toString();
    }
}
