package io.github.sparkfinetune.spark.train;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** {@code slow:}, the files of this machine with a limited number of bytes per second for each stream. */
public final class SlowFileSystem extends RawLocalFileSystem {
    /** Setting: bytes per second of a stream. */
    static final String RATE = "fs.slow.rate";

    /** Returns the settings of a Spark session with this file system. */
    static Map<String, String> settings() {
        return Map.of(
                "spark.hadoop.fs.slow.impl",
                SlowFileSystem.class.getName(),
                // The rate of one run does not apply to the next run.
                "spark.hadoop.fs.slow.impl.disable.cache",
                "true");
    }

    @Override
    public URI getUri() {
        return URI.create("slow:///");
    }

    @Override
    public String getScheme() {
        return "slow";
    }

    @Override
    public FSDataInputStream open(Path file, int bufferSize) throws IOException {
        return new FSDataInputStream(
                new Slow(super.open(file, bufferSize), getConf().getLong(RATE, 1 << 30)));
    }

    private static final class Slow extends FSInputStream {
        private static final int PIECES_A_SECOND = 20;

        private final FSDataInputStream in;
        private final long rate;

        Slow(FSDataInputStream in, long rate) {
            this.in = in;
            this.rate = rate;
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            int read = in.read(bytes, from, (int) Math.min(length, Math.max(1, rate / PIECES_A_SECOND)));
            try {
                TimeUnit.NANOSECONDS.sleep(TimeUnit.SECONDS.toNanos(Math.max(0, read)) / rate);
            } catch (InterruptedException e) {
                throw (IOException) new InterruptedIOException().initCause(e);
            }
            return read;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public void seek(long position) throws IOException {
            in.seek(position);
        }

        @Override
        public long getPos() throws IOException {
            return in.getPos();
        }

        @Override
        public boolean seekToNewSource(long position) {
            return false;
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
