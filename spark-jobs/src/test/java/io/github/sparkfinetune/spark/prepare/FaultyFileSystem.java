package io.github.sparkfinetune.spark.prepare;

import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;

/** {@code faulty:}, the files of this machine with injected faults of reading and writing. */
public final class FaultyFileSystem extends RawLocalFileSystem {
    /** Setting: part of the names of files that cannot be written. */
    public static final String FULL = "fs.faulty.full";
    /** Setting: part of the names of files that cannot be read. */
    static final String BUSY = "fs.faulty.busy";

    /** Setting: part of the names of files that are renamed although the rename reports a failure. */
    static final String UNANSWERED = "fs.faulty.unanswered";

    /** Paths of the files that were created. */
    private static final Queue<String> CREATED = new ConcurrentLinkedQueue<>();

    /** Returns the matching files that were created since the last call, and clears the list. */
    public static List<String> created(String regex) {
        List<String> created =
                CREATED.stream().filter(file -> file.matches(regex)).toList();
        CREATED.clear();
        return created;
    }

    /** Registers this file system in a session. */
    public static Configuration in(Configuration hadoop) {
        hadoop.set("fs.faulty.impl", FaultyFileSystem.class.getName());
        // The setting of one test does not apply to the next test.
        hadoop.setBoolean("fs.faulty.impl.disable.cache", true);
        return hadoop;
    }

    @Override
    public URI getUri() {
        return URI.create("faulty:///");
    }

    @Override
    public String getScheme() {
        return "faulty";
    }

    private boolean isFaulty(String setting, Path file) {
        String part = getConf().get(setting, "");
        return !part.isEmpty() && file.getName().contains(part);
    }

    @Override
    public FSDataOutputStream create(
            Path file, boolean overwrite, int bufferSize, short replication, long blockSize, Progressable progress)
            throws IOException {
        if (isFaulty(FULL, file)) {
            throw new IOException("No space left on device");
        }
        CREATED.add(file.toUri().getPath());
        return super.create(file, overwrite, bufferSize, replication, blockSize, progress);
    }

    @Override
    public boolean rename(Path from, Path to) throws IOException {
        boolean renamed = super.rename(from, to);
        if (isFaulty(UNANSWERED, to)) {
            throw new IOException("Connection reset");
        }
        return renamed;
    }

    @Override
    public FSDataInputStream open(Path file, int bufferSize) throws IOException {
        if (isFaulty(BUSY, file)) {
            throw new IOException("503 Slow Down");
        }
        return super.open(file, bufferSize);
    }
}
